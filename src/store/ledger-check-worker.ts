import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../base/result/assert.ts';
import { type CheckPlace, checkLedger } from './ledger-check.ts';

// A thread of its own: reading every posting takes seconds on a large ledger, and the store's thread goes on meanwhile.
const port = parentPort;
assert(port !== null, 'the check of the ledger runs in a thread of its own');
const place: CheckPlace = workerData;
port.postMessage(checkLedger(place));
