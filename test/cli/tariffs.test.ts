import assert from 'node:assert/strict';
import { test } from 'node:test';
import { threadReader } from '../../src/main/reading-thread.ts';
import { onStage } from './stage.ts';

const market = `
settings:
  home_country: "43"
tariffs:
  - name: retail
    parent: wholesale
    prices:
      - prefix: "+43"
        name: Austria
        price: 0.05
      - prefix: "4366"
        price: 0.10
        connectfee: 0.02
        firstincrement: 60
        nextincrement: 60
  - name: wholesale
    prices:
      - {prefix: "49", price: "0.01"}
  - name: carrier
    prices:
      - {prefix: "43", price: "0.02"}
packets:
  - name: home
    tariff: retail
    prefixes: "43, 49"
    for: endusers
  - name: carrier costs
    tariff: carrier
users:
  - name: alice
sipservers:
  - name: first
    host: 192.0.2.9
    packets: carrier costs
`;
const deck = [
  'Prefix;Destination;Rate',
  '43;Austria;0.03',
  '4366;Austria mobile;0.12',
  '4367;Austria mobile two;0.08',
  '44;UK;0.01',
].join('\n');
const files = { 'market.yaml': market, 'deck.csv': deck, 'bad.csv': `${deck}\n45;Denmark;0\nx;y;z` };

for (const withServer of [false, true]) {
  const state = withServer ? 'a server runs' : 'no server runs';

  test(`tariffs and packets are imported, once, and a number is priced by them (${state})`, () =>
    onStage(async (stage) => {
      if (withServer) await stage.startServer();
      const first = await stage.run(['import', 'market.yaml'], { files });
      assert.equal(first.exitCode, 0, first.stderr);
      assert.match(first.stdout, /\+ tariff retail \(name, parent, prices\)/);
      const second = await stage.run(['import', 'market.yaml'], { files });
      assert.match(second.stdout, /0 created, 0 changed, 8 unchanged/);
      assert.match((await stage.run(['tariff', 'list'])).stdout, /retail +wholesale +2/);
      assert.match((await stage.run(['packet', 'list'])).stdout, /home +retail +43, 49 +endusers/);
      const rated = await stage.run(['rate', '0664 123456', '--user', 'alice']);
      assert.match(rated.stdout, /43664123456 is domestic; prices in USD/);
      assert.match(rated.stdout, /alice +home \(general\) +retail +4366 +- +0\.10 +60\/60 +0\.12 +0\.12 +1\.02/);
      assert.match(
        rated.stdout,
        /costs us over first +carrier costs +carrier +43 +- +0\.02 +1\/1 +0\.000334 +0\.02 +0\.20/,
      );
      assert.match((await stage.run(['rate', '+4930123456', '--user', 'alice'])).stdout, /wholesale +49 /);
      assert.match((await stage.run(['rate', '+12125551234', '--user', 'alice'])).stdout, /alice +none/);
    }));

  test(`the prices of a tariff are shown, whole or by prefix (${state})`, () =>
    onStage(async (stage) => {
      if (withServer) await stage.startServer();
      await stage.run(['import', 'market.yaml'], { files });
      const whole = await stage.run(['tariff', 'show', 'retail']);
      assert.match(whole.stdout, /^retail: 2 prices in USD\. What it lacks is looked up in wholesale\.\n/);
      assert.match(whole.stdout, /prefix +name +a minute +connect fee +increments/);
      assert.match(whole.stdout, /43 +Austria +0\.05 +0\.00 +1\/1\s+4366 +- +0\.10 +0\.02 +60\/60/);
      const longer = await stage.run(['tariff', 'show', 'retail', '--prefix', '+43664']);
      assert.match(longer.stdout, /2 prices[\s\S]*43 [\s\S]*4366 /, 'those by which such a number can be priced');
      const other = await stage.run(['tariff', 'show', 'retail', '--prefix', '49']);
      assert.match(other.stdout, /0 prices[\s\S]*There is none that fits/);
      const cut = await stage.run(['tariff', 'show', 'retail', '--limit', '1']);
      assert.match(cut.stdout, /The first 1; --prefix narrows them/);
      for (const wrong of [['nowhere'], ['retail', '--prefix', 'x43']]) {
        assert.equal((await stage.run(['tariff', 'show', ...wrong])).exitCode, 1);
      }
    }));

  test(`a carrier's price list tells what gets dearer and what costs more than it sells, and is taken whole (${state})`, () =>
    onStage(async (stage) => {
      if (withServer) await stage.startServer();
      await stage.run(['import', 'market.yaml'], { files });
      const dry = await stage.run(['tariff', 'import', '--dry-run', 'deck.csv', '--tariff', 'carrier'], { files });
      assert.equal(dry.exitCode, 0, dry.stderr);
      assert.match(dry.stdout, /1 prefix dearer \(USD a minute\)[\s\S]*43 +Austria +0\.02 +0\.03/);
      assert.match(dry.stdout, /2 prefixes cost more than they sell[\s\S]*4367 +Austria mobile two +0\.05 +0\.08/);
      assert.match(dry.stdout, /4366 +Austria mobile +0\.10 +0\.12/);
      assert.match(dry.stdout, /Dry run, nothing was changed\. 4 prices: 3 new, 0 gone, 1 dearer, 0 cheaper/);
      assert.match((await stage.run(['tariff', 'list'])).stdout, /carrier +- +1/);
      const done = await stage.run(['tariff', 'import', 'deck.csv', '--tariff', 'carrier'], { files });
      assert.match(done.stdout, /4 prices imported into tariff carrier/);
      assert.match((await stage.run(['tariff', 'list'])).stdout, /carrier +- +4/);
      assert.match((await stage.run(['audit'])).stdout, /change tariff +tariff carrier +prices/);
    }));
}

test('a price list with faults is refused whole, each with its row; a zero must be meant', () =>
  onStage(async (stage) => {
    await stage.startServer();
    const ran = await stage.run(['tariff', 'import', 'bad.csv', '--tariff', 'new'], { files });
    assert.equal(ran.exitCode, 1);
    assert.match(ran.stderr, /nothing was imported/);
    assert.match(ran.stderr, /row 6: price is 0; write yes in the column free if it is meant/);
    assert.match(ran.stderr, /row 7: prefix 'x' is not a prefix/);
    assert.match((await stage.run(['tariff', 'list'])).stdout, /no tariffs/);
  }));

test('prices that were imported are there after a restart', () =>
  onStage(async (stage) => {
    await stage.startServer();
    await stage.run(['import', 'market.yaml'], { files });
    await stage.stopServer();
    await stage.startServer();
    assert.match((await stage.run(['rate', '+43123456', '--user', 'alice'])).stdout, /retail +43 +Austria +0\.05/);
  }));

test('a document is read in a thread of its own, its faults come back, and calls do not wait for it', async () => {
  const rows = Array.from({ length: 50_000 }, (_, at) => `${100_000 + at},place ${at},0.${1 + (at % 90)}`);
  let turns = 0;
  const ticking = setInterval(() => turns++, 5);
  const text = `prefix,name,price\n${rows.join('\n')}`;
  const told: number[] = [];
  const task = { kind: 'deck', text, previous: undefined, role: 'none', others: [], atMs: 0 } as const;
  const read = await threadReader.read(task, (percent) => told.push(percent));
  clearInterval(ticking);
  assert.ok(
    told.length > 5 && told.every((percent, at) => percent >= (told[at - 1] ?? 0) && percent < 100),
    String(told),
  );
  assert.ok(read.ok && read.value.kind === 'deck');
  assert.equal(read.value.preview.rows, 50_000);
  assert.ok(turns > 3, 'this thread went on');
  const bad = await threadReader.read({ kind: 'import', text: 'users: [' });
  assert.ok(!bad.ok);
});
