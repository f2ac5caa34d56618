import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { type CliStage, onStage } from './stage.ts';

async function withList(stage: CliStage, text: string): Promise<string> {
  const path = join(stage.dataFolder, 'bad.txt');
  await writeFile(path, text);
  return path;
}

test('an operator adds a list from a file, sees it beside the bans and for an address, and takes it out [blacklist.dynamic-ip-block-list]', () =>
  onStage(async (stage) => {
    await stage.startServer();
    const path = await withList(stage, '198.51.100.0/24\n203.0.113.9 # known\n10.0.0.1\n');
    const added = await stage.run(['blocklist', 'add', 'bad', path]);
    assert.match(
      added.stdout,
      /^Left out: line 3: '10\.0\.0\.1' is private.*\nIn effect: bad with 2 entries\.$/m,
      added.stderr,
    );
    const list = (await stage.run(['blocklist', 'list'])).stdout;
    assert.match(list, /bad +2 +0:\d\d ago .*file:\/\/.*bad\.txt +in effect; left out: 1/);
    assert.match((await stage.run(['bans', 'list'])).stdout, /^Nobody is banned\.\n\nBlock lists:\n\w[\s\S]*bad/);
    const explained = (await stage.run(['bans', 'explain', '198.51.100.77'])).stdout;
    for (const fact of [/ban of the prefix 198\.51\.100\.0\/24/, /rule +list bad/, /why +the block list from file:/]) {
      assert.match(explained, fact);
    }
    assert.match(
      (await stage.run(['bans', 'remove', '203.0.113.9'])).stdout,
      /Block lists name it: bad\.\nTo serve it all the same: ringfence bans allow 203\.0\.113\.9/,
    );
    assert.match((await stage.run(['status'])).stdout, /block list +bad, 2 entries, fetched /);
    assert.match((await stage.run(['blocklist', 'remove', 'bad'])).stdout, /^Removed: bad\.$/m);
    assert.match((await stage.run(['blocklist', 'list'])).stdout, /^There are no block lists\./);
    assert.equal((await stage.run(['bans', 'explain', '198.51.100.77'])).exitCode, 1);
  }));

test('a change that is too large waits: preview tells what comes, what goes and whom it cuts off, and accept says yes', () =>
  onStage(async (stage) => {
    await stage.startServer();
    const path = await withList(stage, '198.51.100.1\n198.51.100.2\n');
    await stage.run(['blocklist', 'add', 'bad', path]);
    assert.match((await stage.run(['blocklist', 'preview', 'bad'])).stdout, /^Nothing of bad waits/);
    await writeFile(path, '198.51.100.2\n198.51.100.3\n');
    const refreshed = (await stage.run(['blocklist', 'refresh', 'bad'])).stdout;
    assert.match(
      refreshed,
      /^Not in effect yet: a copy of 2 entries waits for your yes, because it changes 100 % of the list\.$/m,
    );
    const preview = (await stage.run(['blocklist', 'preview', 'bad'])).stdout;
    assert.match(
      preview,
      /1 would come, 1 would go\.\n {2}\+ 198\.51\.100\.3\n {2}- 198\.51\.100\.1\nNobody who is known/,
    );
    assert.equal((await stage.run(['bans', 'explain', '198.51.100.3'])).exitCode, 1);
    const doctor = (await stage.run(['doctor', '--json'])).stdout;
    assert.match(doctor, /bad \(0 hours old; it changes 100 % of the list\)/);
    assert.match((await stage.run(['blocklist', 'accept', 'bad'])).stdout, /^In effect: bad with 2 entries\.$/m);
    assert.equal((await stage.run(['bans', 'explain', '198.51.100.3'])).exitCode, 0);
    assert.match((await stage.run(['blocklist', 'accept', 'bad'])).stderr, /nothing of "bad" waits for a yes/);
  }));

test('a list that cannot be read is not in effect, and the line at fault is named', () =>
  onStage(async (stage) => {
    await stage.startServer();
    const path = await withList(stage, '198.51.100.1\n0.0.0.0/0\n');
    const added = await stage.run(['blocklist', 'add', 'bad', path]);
    assert.match(added.stdout, /^Not fetched, there is no copy yet: line 2: '0\.0\.0\.0\/0' covers too much/);
    assert.match((await stage.run(['status'])).stdout, /never fetched; not refreshed: line 2/);
    for (const [args, wrong] of [
      [['add', 'web', 'http://lists.example/bad.txt'], /use https, or say --allow-http/],
      [['add', 'x', path, '--format', 'xml'], /the format is plain or apiban, not "xml"/],
      [['preview', 'nothing'], /there is no block list "nothing"/],
    ] as const) {
      assert.match((await stage.run(['blocklist', ...args])).stderr, wrong);
    }
  }));
