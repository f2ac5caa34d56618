import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { extraRootsOf, machineFacts, openFilesOf, passwordlessOf, readListeners, swapOf } from './machine-facts.ts';

const own = { ownPorts: new Set<string>(), mediaPorts: [0, 0] as const };

const head = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';

function row(local: string, state: string, inode = '7'): string {
  return `${head}\n   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1`;
}

describe('what the system tells', () => {
  for (const [local, address, port] of [
    ['0100007F:0CEA', '127.0.0.1', 3306],
    ['00000000:13C4', '0.0.0.0', 5060],
    ['00000000000000000000000000000000:0016', '::', 22],
    ['00000000000000000000000001000000:0016', '::1', 22],
    ['0000000000000000FFFF00000100007F:0016', '127.0.0.1', 22],
    ['B80D0120000000000000000001000000:0016', '2001:db8:0:0:0:0:0:1', 22],
  ] as const) {
    test(`${local} is port ${port} at ${address}`, () => {
      const [listener] = readListeners('tcp', row(local, '0A'), (inode) => (inode === '7' ? 'sshd' : undefined));
      assert.deepEqual(listener, { protocol: 'tcp', address, port, program: 'sshd' });
    });
  }

  test('connections are not listeners', () => {
    assert.deepEqual(
      readListeners('tcp', row('0100007F:0CEA', '01'), () => undefined),
      [],
    );
  });

  test('limits, swap and accounts are read from their files', () => {
    assert.equal(openFilesOf('Max open files            1024                 524288               files'), 1024);
    assert.equal(
      swapOf('Filename\tType\tSize\tUsed\tPriority\n/swapfile file 1000 0 -2\n/dev/sda2 partition 24 0 -3\n'),
      1024,
    );
    assert.deepEqual(extraRootsOf('root:x:0:0::/root:/bin/sh\ntoor:x:0:0::/:/bin/sh\nme:x:1000:1::/:/bin/sh\n'), [
      'toor',
    ]);
    assert.deepEqual(passwordlessOf('root:*:1::::::\nguest::1::::::\n'), ['guest']);
  });
});

describe('this very machine', () => {
  test('a port that this process opens is seen with its program [network.disable-unneeded-network-services]', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const bound = server.address();
    const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
    try {
      const { listeners } = await machineFacts(tmpdir(), own);
      const found = listeners?.find((each) => each.protocol === 'tcp' && each.port === port);
      assert.equal(found?.address, '127.0.0.1');
      assert.notEqual(found.program, undefined);
    } finally {
      server.close();
    }
  });

  test('files that others can read are named, and a closed folder hides what is in it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'doctor-'));
    try {
      await writeFile(join(folder, 'keys.json'), '{}', { mode: 0o644 });
      await chmod(join(folder, 'keys.json'), 0o644);
      await chmod(folder, 0o700);
      assert.deepEqual((await machineFacts(folder, own)).openToOthers, []);
      await chmod(folder, 0o755);
      assert.deepEqual((await machineFacts(folder, own)).openToOthers, ['. (755)', 'keys.json (644)']);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
