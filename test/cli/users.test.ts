import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CliStage, onStage } from './stage.ts';

/** The same behaviour is asked of a command that works alone and of one that talks to a server. */
function bothWays(title: string, behave: (stage: CliStage) => Promise<void>): void {
  test(`${title} (no server runs)`, () => onStage(behave));
  test(`${title} (a server runs)`, () =>
    onStage(async (stage) => {
      await stage.startServer();
      await behave(stage);
    }));
}

bothWays('user add prints a password for each once, and what the phone needs', async (stage) => {
  const ran = await stage.run(['user', 'add', 'alice', 'bob']);
  assert.equal(ran.exitCode, 0, ran.stderr);
  const rows = ran.stdout.split('\n').filter((line) => /^(?:alice|bob) /.test(line));
  assert.equal(rows.length, 2);
  for (const row of rows) assert.match(row, /^\w+ +[A-Za-z2-9]{16} +\S+ +5060$/);
  const password = /^alice +(\S+)/m.exec(ran.stdout)?.[1] ?? '';
  for (const argv of [['user', 'show', 'alice'], ['user', 'list'], ['audit']]) {
    const later = await stage.run(argv);
    assert.equal(later.exitCode, 0, later.stderr);
    assert.ok(!later.stdout.includes(password), argv.join(' '));
  }
});

test('the server named for phones is the domain, else the public address, else an address that is listened on', () =>
  onStage(async (stage) => {
    await stage.startServer();
    const rows = [
      ['listen', '0.0.0.0', '192.0.2.5'],
      ['public_address', '203.0.113.7', '203.0.113.7'],
      ['localdomain', 'voip.example.org', 'voip.example.org'],
    ] as const;
    for (const [setting, value, server] of rows) {
      await stage.run(['settings', 'set', setting, value]);
      // Where a change holds from the next start, so does what phones are told.
      await stage.stopServer();
      await stage.startServer();
      const setup = await stage.json(['user', 'add', setting.replace('_', '-')]);
      assert.ok(typeof setup === 'object' && setup !== null && 'server' in setup);
      assert.equal(setup.server, server);
    }
  }));

bothWays('one name that cannot be added leaves none of the others behind', async (stage) => {
  await stage.run(['user', 'add', 'alice']);
  const ran = await stage.run(['user', 'add', 'bob', 'ALICE']);
  assert.equal(ran.exitCode, 1);
  assert.match(ran.stderr, /'ALICE' is taken by the account alice/);
  const list = await stage.json(['user', 'list', '--kind', 'enduser']);
  assert.deepEqual(namesIn(list), ['alice']);
});

bothWays('fields are set, shown with who set them, and refused by name with the remedy', async (stage) => {
  await stage.run(['user', 'add', 'alice']);
  const set = await stage.run(['user', 'set', 'Alice', 'displayname=Alice Example', 'permitip=192.0.2.0/24']);
  assert.equal(set.exitCode, 0, set.stderr);
  assert.match(set.stdout, /change account alice: displayname 'Alice Example'/);
  const shown = await stage.run(['user', 'show', 'alice']);
  assert.match(shown.stdout, /displayname +Alice Example +command line +\d{4}-\d{2}-\d{2}T/);
  const again = await stage.run(['user', 'set', 'alice', 'displayname=Alice Example']);
  assert.match(again.stdout, /Nothing to change/);
  const refused = await stage.run(['user', 'set', 'alice', 'permitip=nonsense']);
  assert.equal(refused.exitCode, 1);
  assert.match(refused.stderr, /permitip .*'nonsense' is not an IP address or range; write/);
  const unknown = await stage.run(['user', 'set', 'alice', 'displayname=x', 'voicemail=2', '--json']);
  assert.equal(unknown.exitCode, 1);
  assert.match(JSON.parse(unknown.stderr).error.message, /'voicemail' is known, and not in effect/);
  assert.match((await stage.run(['user', 'show', 'alice'])).stdout, /Alice Example/);
});

bothWays('a secret is taken from a file, never from the command line, and never shown', async (stage) => {
  const files = { 'pw.txt': 'Vb7-kEr2_qP\nsecond line\n' };
  const add = ['user', 'add', 'carrier', '--kind', 'sipserver', '--set', 'host=192.0.2.9', '--set'];
  const open = await stage.run([...add, 'authpassword=Vb7-kEr2_qP']);
  assert.equal(open.exitCode, 2);
  assert.ok(!open.stderr.includes('Vb7-kEr2_qP'));
  assert.match(open.stderr, /authpassword=@FILE/);
  assert.equal((await stage.run([...add, 'authpassword=@pw.txt'], { files })).exitCode, 0);
  const shown = await stage.run(['user', 'show', 'carrier', '--json']);
  assert.ok(!shown.stdout.includes('Vb7-kEr2_qP'));
  assert.match(shown.stdout, /\[secret\]/);
  const missing = await stage.run(['user', 'set', 'carrier', 'authpassword=@none.txt']);
  assert.equal(missing.exitCode, 2);
  assert.match(missing.stderr, /none\.txt cannot be read/);
});

bothWays(
  'user password generates one or takes it from a file, and refuses a weak one without repeating it',
  async (stage) => {
    await stage.run(['user', 'add', 'alice']);
    const generated = await stage.run(['user', 'password', 'alice']);
    assert.match(generated.stdout, /^alice +[A-Za-z2-9]{16} /m);
    const files = { '-': 'Vb7-kEr2_qP\n', weak: 'hunter2\n' };
    const typed = await stage.run(['user', 'password', 'alice', '--password-file', '-'], { files });
    assert.equal(typed.exitCode, 0, typed.stderr);
    assert.ok(!typed.stdout.includes('Vb7-kEr2_qP'));
    const weak = await stage.run(['user', 'password', 'alice', '--password-file', 'weak'], { files });
    assert.equal(weak.exitCode, 1);
    assert.ok(!weak.stderr.includes('hunter2'));
    assert.equal((await stage.run(['user', 'password', 'nobody'])).exitCode, 1);
  },
);

bothWays('numbers belong to one user, are listed by user, and go with the user', async (stage) => {
  await stage.run(['user', 'add', 'alice', 'bob']);
  assert.equal((await stage.run(['number', 'add', '+43 1 2345', 'alice'])).exitCode, 0);
  const taken = await stage.run(['number', 'add', '4312345', 'bob']);
  assert.equal(taken.exitCode, 1);
  assert.match(taken.stderr, /4312345 belongs to alice/);
  assert.deepEqual(await stage.json(['number', 'list', 'alice']), { numbers: [{ number: '4312345', user: 'alice' }] });
  assert.deepEqual(await stage.json(['number', 'list', 'bob']), { numbers: [] });
  await stage.run(['user', 'remove', 'alice']);
  assert.match((await stage.run(['number', 'list'])).stdout, /There are no numbers/);
  assert.equal((await stage.run(['number', 'remove', '4312345'])).exitCode, 1);
});

test('lists of more than a page are whole', () =>
  onStage(async (stage) => {
    await stage.startServer();
    const names = Array.from({ length: 700 }, (_, at) => `u${String(at).padStart(4, '0')}`);
    await stage.run(['user', 'add', ...names]);
    await stage.run(['user', 'add', ...names.map((name) => name.replace('u', 'v'))]);
    assert.equal(namesIn(await stage.json(['user', 'list', '--kind', 'enduser'])).length, 1400);
  }));

test('what was changed through a server is told to it, and is there after it', () =>
  onStage(async (stage) => {
    const { live } = await stage.startServer();
    await stage.run(['user', 'add', 'alice', 'bob']);
    await stage.run(['user', 'set', 'bob', 'enabled=false']);
    await stage.run(['user', 'remove', 'alice']);
    await stage.stopServer();
    const list = await stage.json(['user', 'list', '--kind', 'enduser']);
    assert.deepEqual(namesIn(list), ['bob']);
    assert.match((await stage.run(['user', 'list'])).stdout, /bob +enduser +disabled/);
    assert.deepEqual([...new Set(live.changed)].length, 2);
  }));

test('commands at the same time are decided one after another: a name is given once', () =>
  onStage(async (stage) => {
    await stage.startServer();
    const ran = await Promise.all(Array.from({ length: 8 }, () => stage.run(['user', 'add', 'alice'])));
    assert.equal(ran.filter(({ exitCode }) => exitCode === 0).length, 1);
    assert.equal(ran.filter(({ exitCode }) => exitCode === 1).length, 7);
    assert.deepEqual(namesIn(await stage.json(['user', 'list', '--kind', 'enduser'])), ['alice']);
  }));

test('the first command on a new folder shows the password of the administrator, the next does not', () =>
  onStage(async (stage) => {
    const first = await stage.run(['user', 'add', 'alice', '--json']);
    assert.match(first.stderr, /Administrator: admin, password: [A-Za-z2-9]{16} /);
    JSON.parse(first.stdout);
    assert.equal((await stage.run(['user', 'add', 'bob'])).stderr, '');
  }));

test('a command that only reads does not make a folder out of a typing slip', () =>
  onStage(async (stage) => {
    for (const argv of [['user', 'list'], ['cdr'], ['settings', 'list'], ['backup', 'b.db']]) {
      const ran = await stage.run(argv);
      assert.equal(ran.exitCode, 1, argv.join(' '));
      assert.match(ran.stderr, /is no data folder/);
    }
  }));

function namesIn(list: unknown): string[] {
  assert.ok(typeof list === 'object' && list !== null && 'users' in list && Array.isArray(list.users));
  return list.users.map((user: { name: string }) => user.name);
}

bothWays(
  'maxlines 1 is stored with a warning, and licensecfg bounds the accounts [limits.maxlines] [limits.licensecfg]',
  async (stage) => {
    await stage.run(['user', 'add', 'alice']);
    const set = await stage.run(['user', 'set', 'alice', 'maxlines=1']);
    assert.match(set.stdout, /warning: with maxlines 1 transfer and conference of alice will not work/);
    await stage.run(['settings', 'set', 'licensecfg', 'users=2']);
    await stage.run(['user', 'add', 'bob']);
    const refused = await stage.run(['user', 'add', 'carol']);
    assert.match(refused.stderr, /'carol' is one more than the 2 users of licensecfg/);
  },
);

test('a display name that is markup is refused from validateinput 4 on, and people in any script are not [protocol.validateinput]', async () => {
  await onStage(async (stage) => {
    await stage.run(['user', 'add', 'alice']);
    const name = ['user', 'set', 'alice', 'displayname=<script>alert(1)</script>'];
    assert.equal((await stage.run(name)).exitCode, 0);
    await stage.run(['settings', 'set', 'validateinput', '4']);
    const refused = await stage.run(name.with(3, 'displayname=<script>alert(2)</script>'));
    assert.equal(refused.exitCode, 1);
    assert.match(refused.stderr, /displayname looks like markup/);
    assert.equal((await stage.run(['user', 'set', 'alice', 'displayname=Jürgen 李雷'])).exitCode, 0);
  });
});

test('user show tells credit, spending and each money limit with who set it; without a server, what the ledger has', () =>
  onStage(async (stage) => {
    await stage.run(['user', 'add', 'alice', '--set', 'credit=10']);
    const alone = (await stage.run(['user', 'show', 'alice'])).stdout;
    assert.match(alone, /credit: 10\.00 USD\nspent: 0\.00 today \(\d{4}-\d\d-\d\d\), 0\.00 this month\n/);
    assert.match(alone, /limits: not known while the server does not run/);
    assert.equal((await stage.run(['user', 'forget-spending', 'alice'])).exitCode, 3);
    const { live } = await stage.startServer();
    const shown = (await stage.run(['user', 'show', 'alice'])).stdout;
    assert.match(shown, /credit: 10\.00 USD, 0\.06 held by calls in progress/);
    assert.match(shown, /maxdailycredit +the day +5\.00 +1\.25 +0\.06 +enforce +anna +\d{4}-/);
    const forgotten = await stage.run(['user', 'forget-spending', 'alice']);
    assert.match(forgotten.stdout, /alice: no day up to today counts as usual/);
    assert.equal(live.changed.length, 1);
    assert.match((await stage.run(['audit'])).stdout, /forget spending +user alice/);
  }));

test('the self-check lists users without a limit on lines, credit or day, and nobody who has all three [limits.set-max-amount-and-max-ports-for-users]', () =>
  onStage(async (stage) => {
    await stage.startServer();
    const document = `
users:
  - name: safe
    maxdailycredit: "5"
  - name: lines
    maxlines: "0"
  - name: later
    postpaid: "true"
  - name: monthly
    postpaid: "true"
    maxmonthlycredit: "100"
  - name: bulk
    type: trafficsender
    authip: 198.51.100.1
    techprefix: "88776655"
  - name: gone
    maxlines: "0"
    enabled: "false"
`;
    const imported = await stage.run(['import', 'users.yaml'], { files: { 'users.yaml': document } });
    assert.equal(imported.exitCode, 0, imported.stderr);
    const rows = async (): Promise<string[]> =>
      (await stage.run(['user', 'check'])).stdout
        .split('\n')
        .slice(1)
        .map((line) => line.trim().replaceAll(/ +/g, ' '))
        .filter(Boolean);
    // The dynamic limit bounds the day of endusers, not that of traffic senders.
    assert.deepEqual(await rows(), ['lines enduser lines', 'later enduser credit', 'bulk trafficsender day']);
    await stage.run(['settings', 'set', 'mode.checkmaxdyndailycredit', 'observe']);
    assert.deepEqual(
      (await rows()).filter((row) => /safe|monthly/.test(row)),
      ['monthly enduser day'],
    );
    await stage.run(['settings', 'set', 'mode.maxlines', 'observe']);
    assert.ok((await rows()).includes('safe enduser lines'));
  }));
