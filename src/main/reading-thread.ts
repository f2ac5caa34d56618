import { Worker } from 'node:worker_threads';
import type { DocumentReader, ReadingAnswer } from '../api/reading/read-documents.ts';
import { fail } from '../base/result/result.ts';

/** A document that would need more than this to be read is refused, and takes nothing else with it. */
const maxMegabytes = 1024;

/** Reads each document in a thread that lives as long as the reading: signalling goes on meanwhile. */
export const threadReader: DocumentReader = {
  read: (task) =>
    new Promise<ReadingAnswer>((resolve) => {
      const worker = new Worker(new URL('./reading-worker.ts', import.meta.url), {
        workerData: task,
        resourceLimits: { maxOldGenerationSizeMb: maxMegabytes },
      });
      worker.once('message', (answer: ReadingAnswer) => resolve(answer));
      worker.once('error', (error: unknown) => resolve(fail([`the document could not be read: ${String(error)}`])));
      worker.once('exit', () => resolve(fail(['the document could not be read: its thread ended'])));
    }),
};
