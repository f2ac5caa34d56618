import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../../../base/result/assert.ts';
import { Gate } from './gate.ts';
import type { Batch, GateLimits } from './messages.ts';

// The program of the gate's thread.
const port = parentPort;
assert(port !== null, 'the gate runs in a worker thread');
const gate = new Gate(workerData as GateLimits, (batch) => port.postMessage(batch));
port.on('message', (batch: Batch) => gate.receive(batch));
