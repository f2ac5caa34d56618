import { parentPort, workerData } from 'node:worker_threads';
import { type AnswerPart, partsOf } from '../api/reading/parts.ts';
import { type ReadingTask, readDocument } from '../api/reading/read-documents.ts';
import { assert } from '../base/result/assert.ts';

const port = parentPort;
assert(port !== null, 'documents are read in a thread of their own');
const task: ReadingTask = workerData;
const tell = (percent: number): void => port.postMessage({ kind: 'progress', percent } satisfies AnswerPart);
const parts = partsOf(readDocument(task, tell));
const sendNext = (): void => {
  const next = parts.next();
  if (next.done === true) port.close();
  else port.postMessage(next.value);
};
port.on('message', sendNext);
sendNext();
