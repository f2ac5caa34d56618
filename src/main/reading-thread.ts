import { Worker } from 'node:worker_threads';
import { type AnswerPart, PartCollector } from '../api/reading/parts.ts';
import type { DocumentReader, ReadingAnswer } from '../api/reading/read-documents.ts';
import { fail } from '../base/result/result.ts';

/** A document that would need more than this to be read is refused, and takes nothing else with it. */
const maxMegabytes = 1024;

/**
 * Reads each document in a thread that lives as long as the reading: signalling goes on meanwhile, and takes what was
 * read in small parts.
 */
export const threadReader: DocumentReader = {
  read: (task, onProgress) =>
    new Promise<ReadingAnswer>((resolve) => {
      const worker = new Worker(new URL('./reading-worker.ts', import.meta.url), {
        name: 'reading',
        workerData: task,
        resourceLimits: { maxOldGenerationSizeMb: maxMegabytes },
      });
      const collector = new PartCollector();
      worker.on('message', (part: AnswerPart) => {
        if (part.kind === 'progress') return onProgress?.(part.percent);
        const answer = collector.take(part);
        if (answer !== undefined) resolve(answer);
        worker.postMessage('next');
      });
      worker.once('error', (error: unknown) => resolve(fail([`the document could not be read: ${String(error)}`])));
      worker.once('exit', () => resolve(fail(['the document could not be read: its thread ended'])));
    }),
};
