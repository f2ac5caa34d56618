import { execFile, spawn } from 'node:child_process';
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Round } from './figures.ts';
import { processorTimeUs } from './processor-time.ts';
import { type Server, trunk } from './servers.ts';

const run = promisify(execFile);
const here = import.meta.dirname;

/** Puts a load on a server, and measures what it cost. */
export type Load = (server: Server) => Promise<Round>;

/** Closed loop: `window` registrations at once, each challenged and then answered, as from so many phones. */
export async function registerLoad(folder: string, operations: number, users: number): Promise<Load> {
  const window = '32';
  const source = join(folder, 'regload.c');
  copyFileSync(join(here, 'regload.c'), source);
  const regload = join(folder, 'regload');
  await run('gcc', ['-O2', '-w', '-o', regload, source, '-lcrypto']);
  let rounds = 0;
  return async (server) => {
    rounds++;
    // One contact for each user, refreshed by every round: that is what registrars do all day.
    const env = { ...process.env, LOCALPORT: server.name === 'peer' ? '5068' : '5067', RUN: `${rounds}` };
    const before = processorTimeUs(server.pid);
    const { stdout } = await run(regload, ['127.0.0.1', `${server.port}`, window, `${operations}`, `${users}`], {
      env,
    });
    const spentUs = processorTimeUs(server.pid) - before;
    const number = (name: string): number => Number(new RegExp(`${name}=(\\d+)`).exec(stdout)?.[1] ?? Number.NaN);
    const done = number('registers');
    return {
      microsecondsPerOperation: spentUs / done,
      operations: done,
      failed: operations - done,
      repeated: number('retx'),
    };
  };
}

/** Open loop: calls of 100 ms at a fixed rate, challenged, answered by another sipp behind the server. */
export function callLoad(folder: string, rate: number, seconds: number, number = '200'): Load {
  return async (server) => {
    const calls = Math.round(rate * seconds);
    const statistics = join(folder, `sipp-${server.name}.csv`);
    const before = processorTimeUs(server.pid);
    // sipp exits with 1 when a call failed; the figures say so too.
    await run('sipp', uacOptions(server, { rate, calls, number }, statistics), { cwd: folder }).catch(() => undefined);
    const spentUs = processorTimeUs(server.pid) - before;
    const [titles = '', ...rows] = readFileSync(statistics, 'latin1').trim().split('\n');
    const column = (name: string): number => Number(rows.at(-1)?.split(';')[titles.split(';').indexOf(name)]);
    const done = column('SuccessfulCall(C)');
    const repeated = column('Retransmissions(C)');
    return { microsecondsPerOperation: spentUs / done, operations: done, failed: calls - done, repeated };
  };
}

function uacOptions(
  server: Server,
  { rate, calls, number }: { readonly rate: number; readonly calls: number; readonly number: string },
  statistics: string,
): string[] {
  return [
    ...[`127.0.0.1:${server.port}`, '-sf', join(here, 'sipp-uac-auth.xml'), '-s', number],
    // Both servers may be under load at once.
    ...(server.name === 'peer'
      ? ['-i', '127.0.0.1', '-p', '5056', '-mp', '9000']
      : ['-i', '127.0.0.1', '-p', '5066', '-mp', '7000']),
    // The uri of the credentials must be the Request-URI.
    ...['-auth_uri', `${number}@127.0.0.1:${server.port}`],
    ...['-r', `${rate}`, '-m', `${calls}`, '-timeout', '120'],
    ...['-nostdin', '-trace_stat', '-stf', statistics, '-fd', '600'],
  ];
}

/** Answers the calls of both servers at the trunk's address. @returns what ends it */
export function startAnswering(folder: string): () => void {
  const options = ['-sf', join(here, 'sipp-uas.xml'), '-i', trunk.address, '-p', `${trunk.port}`, '-mp', '8000'];
  const child = spawn('sipp', [...options, '-nostdin'], { cwd: folder, stdio: 'ignore' });
  return () => child.kill('SIGKILL');
}
