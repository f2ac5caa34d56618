import { parentPort, workerData } from 'node:worker_threads';
import { type ReadingTask, readDocument } from '../api/reading/read-documents.ts';
import { assert } from '../base/result/assert.ts';

const port = parentPort;
assert(port !== null, 'documents are read in a thread of their own');
const task: ReadingTask = workerData;
port.postMessage(readDocument(task));
