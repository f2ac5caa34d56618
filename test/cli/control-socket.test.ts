import assert from 'node:assert/strict';
import { stat, writeFile } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { callControl } from '../../src/api/control/call-control.ts';
import { controlLimits } from '../../src/api/control/protocol.ts';
import { type ControlServer, serveControl } from '../../src/api/control/serve-control.ts';
import type { Operation, Operations } from '../../src/api/operation.ts';
import { silentLog } from '../../src/base/log/log.ts';
import { fail, ok } from '../../src/base/result/result.ts';
import { SimulatedClock } from '../kit/simulated-clock.ts';

const clock = new SimulatedClock();
const echoed: Operations = new Map<string, Operation>([
  ['echo', (given) => Promise.resolve(ok(given))],
  ['refuse', () => Promise.resolve(fail({ code: 'refused', message: 'no, for a reason' }))],
  ['break', () => Promise.reject(new Error('disk on fire'))],
  ['much', () => Promise.resolve(ok('x'.repeat(5_000_000)))],
  ['import', (given) => Promise.resolve(ok(JSON.stringify(given).length))],
]);

async function onSocket(use: (path: string, server: ControlServer) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'ringfence-control-'));
  const path = join(folder, 'control.sock');
  const server = await serveControl(path, echoed, { clock, log: silentLog });
  assert.ok(server.ok, server.ok ? '' : server.error);
  try {
    await use(path, server.value);
  } finally {
    await server.value.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Sends octets as they are and returns all that comes back until the server hangs up or `lineCount` lines are in. */
function exchange(path: string, octets: string | Buffer, lineCount: number): Promise<string> {
  return new Promise((resolve) => {
    let received = '';
    const socket = connect(path, () => socket.write(octets));
    const finish = (): void => {
      socket.destroy();
      resolve(received);
    };
    socket.on('data', (chunk) => {
      received += chunk.toString();
      if (received.split('\n').length > lineCount) finish();
    });
    socket.on('error', () => {});
    socket.on('close', finish);
  });
}

function connected(path: string): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = connect(path, () => resolve(socket));
    socket.on('error', () => {});
  });
}

test('an operation gets its arguments and its answer comes back, whatever characters are in them', () =>
  onSocket(async (path) => {
    const given = { text: 'ä\n\u2028"\u0000🎈', list: [1, null], deep: { yes: true } };
    assert.deepEqual(await callControl(path, 'echo', given), ok(given));
  }));

test('a refusal arrives with its code and message', () =>
  onSocket(async (path) => {
    const outcome = await callControl(path, 'refuse', {});
    assert.deepEqual(outcome, fail({ code: 'refused', message: 'no, for a reason' }));
  }));

test('an operation that breaks is answered as failed, and the server goes on', () =>
  onSocket(async (path) => {
    const outcome = await callControl(path, 'break', {});
    assert.equal(outcome.ok, false);
    assert.equal(outcome.ok ? '' : outcome.error.code, 'failed');
    assert.match(outcome.ok ? '' : outcome.error.message, /disk on fire/);
    assert.equal((await callControl(path, 'echo', {})).ok, true);
  }));

test('an operation that the server does not have is named in the answer', () =>
  onSocket(async (path) => {
    const outcome = await callControl(path, 'toString', {});
    assert.equal(outcome.ok ? '' : outcome.error.code, 'unknown operation');
  }));

test('without a server the outcome says so: no socket, and a socket that nobody answers', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ringfence-control-'));
  const path = join(folder, 'control.sock');
  try {
    for (const stage of ['absent', 'plain file']) {
      const outcome = await callControl(path, 'echo', {});
      assert.equal(outcome.ok ? '' : outcome.error.code, 'server is not running', stage);
      await writeFile(path, '');
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('only the owner may open the socket, a stale one is replaced, and closing takes it away', () =>
  onSocket(async (path, server) => {
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    await server.close();
    await assert.rejects(stat(path));
    await writeFile(path, 'left behind');
    const next = await serveControl(path, echoed, { clock, log: silentLog });
    assert.ok(next.ok);
    assert.equal((await callControl(path, 'echo', {})).ok, true);
    await next.value.close();
  }));

test('a second server does not take the socket from a first one that answers', () =>
  onSocket(async (path) => {
    const second = await serveControl(path, echoed, { clock, log: silentLog });
    assert.equal(second.ok, false);
    assert.equal((await callControl(path, 'echo', {})).ok, true);
  }));

test('a path that no socket can have is refused with the remedy', async () => {
  const outcome = await serveControl(`/tmp/${'x'.repeat(120)}`, echoed, { clock, log: silentLog });
  assert.match(outcome.ok ? '' : outcome.error, /shorter --data folder/);
});

test('lines that are no requests are answered with what a request is, and the connection lives on', () =>
  onSocket(async (path) => {
    const hostile = [
      '',
      '{',
      'null',
      '[]',
      '"echo"',
      '{"id":1}',
      '{"id":-1,"operation":"echo"}',
      '{"id":1e99,"operation":"echo"}',
      '{"id":1,"operation":{}}',
      '{"id":1,"operation":"echo","arguments":[]}',
      '{"__proto__":{"id":1,"operation":"echo"}}',
      'GET / HTTP/1.1',
    ];
    const received = await exchange(path, `${hostile.join('\n')}\n{"id":7,"operation":"echo"}\n`, hostile.length + 1);
    const answers = received
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.equal(answers.length, hostile.length + 1);
    for (const answer of answers.slice(0, -1)) assert.equal(answer.error.code, 'arguments');
    assert.deepEqual(answers.at(-1), { id: 7, ok: true, value: {} });
  }));

test('octets that are not UTF-8 are refused', () =>
  onSocket(async (path) => {
    const line = Buffer.from('{"id":1,"operation":"ec\xffho"}\n', 'latin1');
    assert.equal(JSON.parse(await exchange(path, line, 1)).error.code, 'arguments');
  }));

test('requests in one write are answered one after another, in order', () =>
  onSocket(async (path) => {
    const lines = Array.from({ length: 50 }, (_, id) => `{"id":${id},"operation":"echo"}\n`).join('');
    const ids = (await exchange(path, lines, 50))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).id);
    assert.deepEqual(
      ids,
      Array.from({ length: 50 }, (_, id) => id),
    );
  }));

test('a line without end is refused at its limit, while an import may be longer', () =>
  onSocket(async (path) => {
    const endless = 'x'.repeat(controlLimits.requestBytes + 10);
    const received = await exchange(path, endless, 2);
    assert.ok(received === '' || JSON.parse(received).error.code === 'arguments');
    const document = 'y'.repeat(controlLimits.requestBytes * 2);
    assert.equal((await callControl(path, 'import', { document })).ok, true);
    const tooLong = await callControl(path, 'echo', { document });
    assert.equal(tooLong.ok ? '' : tooLong.error.code, 'refused');
  }));

test('more clients than there may be are turned away, and served when others have gone', () =>
  onSocket(async (path) => {
    const held: Socket[] = [];
    for (let at = 0; at < controlLimits.clients; at++) held.push(await connected(path));
    // One exchange over a held connection shows that all of them have been accepted.
    await new Promise<void>((resolve) => {
      held.at(-1)?.once('data', () => resolve());
      held.at(-1)?.write('{"id":1,"operation":"echo"}\n');
    });
    const refusal = await callControl(path, 'echo', {});
    assert.equal(refusal.ok ? '' : refusal.error.code, 'busy');
    const gone = new Promise<void>((resolve) => held[0]?.once('close', () => resolve()));
    held[0]?.destroy();
    await gone;
    let served = false;
    for (let tries = 0; tries < 100 && !served; tries++) served = (await callControl(path, 'echo', {})).ok;
    assert.equal(served, true);
    for (const socket of held) socket.destroy();
  }));

test('a client that says nothing, and one that does not take its answer, are dropped', () =>
  onSocket(async (path) => {
    const silent = await connected(path);
    const silentGone = new Promise<void>((resolve) => silent.once('close', () => resolve()));
    silent.resume();
    const deaf = await connected(path);
    deaf.pause();
    deaf.write('{"id":1,"operation":"much"}\n');
    assert.equal((await callControl(path, 'echo', {})).ok, true);
    clock.advance(controlLimits.idleMs + 1);
    await silentGone;
    const deafGone = new Promise<void>((resolve) => deaf.once('close', () => resolve()));
    deaf.resume();
    await deafGone;
    assert.equal((await callControl(path, 'echo', {})).ok, true);
  }));

test('a server that hangs up without an answer is told from one that is not there', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ringfence-control-'));
  const path = join(folder, 'control.sock');
  const rude = createServer((socket) => socket.destroy());
  try {
    await new Promise<void>((resolve) => rude.listen(path, () => resolve()));
    const outcome = await callControl(path, 'echo', {});
    assert.equal(outcome.ok ? '' : outcome.error.code, 'connection lost');
  } finally {
    await new Promise<void>((resolve) => rude.close(() => resolve()));
    rmSync(folder, { recursive: true, force: true });
  }
});
