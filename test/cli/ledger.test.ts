import assert from 'node:assert/strict';
import { copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { chargePosting, type Posting } from '../../src/billing/ledger/posting.ts';
import { aCdr } from '../kit/records.ts';
import { onStage } from './stage.ts';

const document = `users:
  - {name: alice, password: a long enough word 1, credit: "10.10"}
  - {name: shop, type: reseller, postpaid: true}
`;

const topUp: Posting = {
  ...{ id: '', accountId: 0, kind: 'top-up', amountMicros: 0n, currency: 'USD', cause: '', actor: 'test', atMs: 1 },
  ...{ day: '2026-11-21', callId: '', cleared: true, reverses: '' },
};

test('an imported credit is the opening balance, posted once however often the document is read [credit.credit]', () =>
  onStage(async (stage) => {
    const files = { 'a.yaml': document };
    for (let times = 0; times < 3; times++) {
      const ran = await stage.run(['import', 'a.yaml'], { files });
      assert.equal(ran.exitCode, 0, ran.stderr);
    }
    await stage.run(['ledger', 'adjust', 'alice', '-0.10']);
    await stage.run(['import', 'a.yaml'], { files });
    const statement = await stage.json(['ledger', 'statement', 'alice']);
    assert.match(
      JSON.stringify(statement),
      /"balance":"10\.00".*"id":"opening\/\d+","kind":"adjustment","amount":"10\.10"/,
    );
    const changed = await stage.run(['user', 'set', 'alice', 'credit=20']);
    assert.equal(changed.exitCode, 1);
    assert.match(
      changed.stderr,
      /credit is what the account began with, 10\.10, and does not change; use 'ringfence ledger/,
    );
  }));

test('a new account has nothing and shows so [credit.credit]', () =>
  onStage(async (stage) => {
    await stage.run(['user', 'add', 'alice']);
    const ran = await stage.run(['ledger', 'statement', 'alice']);
    assert.equal(ran.stdout, 'No money has moved yet.\nalice has 0.00 USD.\n');
  }));

test('a top-up is posted once for its id, and told to running calls', () =>
  onStage(async (stage) => {
    await stage.run(['user', 'add', 'alice']);
    const { live } = await stage.startServer();
    const argv = ['ledger', 'topup', 'alice', '10', '--id', 'payment-1', '--cause', 'cash'];
    assert.equal((await stage.run(argv)).stdout, 'Posted as payment-1. alice has 10.00 USD.\n');
    assert.match((await stage.run(argv)).stdout, /was posted before; nothing changed\. alice has 10\.00 USD/);
    assert.equal(live.changed.length, 1);
    const other = await stage.run(['ledger', 'topup', 'alice', '11', '--id', 'payment-1']);
    assert.equal(other.exitCode, 1);
    assert.match(other.stderr, /was used for a top-up of 10\.00 USD/);
    assert.match((await stage.run(['audit'])).stdout, /post top-up.*10\.00 USD, id payment-1/);
  }));

test('what is no amount, no user or no payer is refused with the reason', () =>
  onStage(async (stage) => {
    await stage.run(['user', 'add', 'alice']);
    for (const [amount, user, expected] of [
      ['1,50', 'alice', /amount '1,50' is not an amount such as 0\.05/],
      ['0.0000001', 'alice', /more than 6 decimals/],
      ['5', 'nobody', /there is no user "nobody"/],
      ['5', 'admin', /admin is of the type admin and has no balance/],
      ['-5', 'alice', /amount of a top-up must be above 0/],
      ['1000000000.000001', 'alice', /is not between -1000000000\.00 and 1000000000\.00/],
    ] as const) {
      const ran = await stage.run(['ledger', 'topup', user, amount]);
      assert.equal(ran.exitCode, 1, ran.stderr);
      assert.match(ran.stderr, expected);
    }
  }));

test('no balance grows beyond what the store can add up, and the check adds up more than one number holds', () =>
  onStage(async (stage) => {
    const names = Array.from({ length: 12 }, (_, at) => `rich${at}`);
    await stage.run(['user', 'add', ...names]);
    const { store, directory } = await stage.startServer();
    const trillion = 1_000_000_000_000_000_000n;
    for (const name of names) {
      const accountId = directory.accountByName(name)?.id ?? 0;
      await store.apply([], [], [{ ...topUp, id: name, accountId, amountMicros: trillion }]);
    }
    await stage.stopServer();
    assert.match(
      (await stage.run(['ledger', 'check'])).stdout,
      /^12 postings, 12000000000000\.00 USD together: everything agrees/,
    );
    const more = await stage.run(['ledger', 'topup', 'rich1', '0.01']);
    assert.equal(more.exitCode, 1);
    assert.match(more.stderr, /balance would be 1000000000000\.01, and none goes beyond 1000000000000\.00/);
  }));

test('what an account owes from when it was postpaid is a note of the check, and what it spends as a prepaid one a fault', () =>
  onStage(async (stage) => {
    await stage.run(['user', 'add', 'alice', '--set', 'postpaid=true']);
    await stage.run(['ledger', 'adjust', 'alice', '-3']);
    await stage.run(['user', 'set', 'alice', 'postpaid=false']);
    const owing = await stage.run(['ledger', 'check']);
    assert.equal(owing.exitCode, 0, owing.stdout);
    assert.match(owing.stdout, /alice has -3\.00, owed from when it was postpaid/);
    const { store } = await stage.startServer();
    const later = { ...topUp, id: 'later', kind: 'refund', accountId: 2, amountMicros: -1n } as const;
    await store.apply([], [], [{ ...later, atMs: Date.now() + 60_000 }]);
    await stage.stopServer();
    const spent = await stage.run(['ledger', 'check']);
    assert.equal(spent.exitCode, 1);
    assert.match(spent.stdout, /the prepaid account alice has -3\.000001/);
  }));

test('a chargeback goes below zero and locks the account until an administrator unlocks it', () =>
  onStage(async (stage) => {
    await stage.run(['user', 'add', 'alice']);
    await stage.run(['ledger', 'topup', 'alice', '10', '--id', 'p1']);
    await stage.run(['ledger', 'adjust', 'alice', '-4']);
    const ran = await stage.run(['ledger', 'chargeback', 'alice', '10', '--of', 'p1', '--id', 'cb1']);
    assert.equal(ran.stdout, 'Posted as cb1. alice has -4.00 USD.\n');
    assert.match((await stage.run(['user', 'show', 'alice'])).stdout, /locked\s+cb1/);
    assert.match((await stage.run(['user', 'set', 'alice', 'locked=yes'])).stderr, /set by a chargeback alone/);
    assert.equal((await stage.run(['user', 'set', 'alice', 'locked=false'])).exitCode, 0);
    assert.doesNotMatch((await stage.run(['user', 'show', 'alice'])).stdout, /locked\s+cb1/);
    assert.equal((await stage.run(['ledger', 'check'])).exitCode, 0);
  }));

test('an uncleared top-up is shown apart and cleared by its id', () =>
  onStage(async (stage) => {
    await stage.run(['user', 'add', 'alice', 'bob']);
    const ran = await stage.run(['ledger', 'topup', 'alice', '8', '--id', 'p2', '--uncleared']);
    assert.match(ran.stdout, /alice has 8\.00 USD, of which 8\.00 is not cleared/);
    assert.match((await stage.run(['ledger', 'transfer', 'alice', 'bob', '1'])).stderr, /has 0\.00 that can be taken/);
    assert.match((await stage.run(['ledger', 'clear', 'p2'])).stdout, /alice has 8\.00 USD\.\n$/);
    assert.match((await stage.run(['ledger', 'transfer', 'alice', 'bob', '1'])).stdout, /alice has 7\.00 USD/);
    assert.match((await stage.run(['ledger', 'statement', 'bob'])).stdout, /transfer\s+1\.00/);
  }));

test('the check names each sum, CDR and journal line that does not agree, with exit code 1', () =>
  onStage(async (stage) => {
    await stage.run(['user', 'add', 'alice']);
    const { store } = await stage.startServer();
    await stage.run(['ledger', 'topup', 'alice', '10', '--id', 'p1']);
    const charge = {
      callId: 'call-1',
      accountId: 2,
      costMicros: 7n,
      day: '2026-11-21',
      currency: 'USD',
      cause: '',
      atMs: 1,
    };
    await store.calls.end(aCdr('call-1'), [chargePosting(charge)]);
    await stage.stopServer();
    const clean = await stage.run(['ledger', 'check']);
    assert.equal(clean.stdout, '2 postings, 9.999993 USD together: everything agrees.\n');
    const path = join(stage.dataFolder, 'ringfence.db');
    const broken: readonly (readonly [sql: string, expected: RegExp])[] = [
      ['UPDATE balances SET posted_micros = posted_micros + 1', /the balance of account \d+ is not the sum/],
      ['INSERT INTO balances VALUES (77, 5, 0)', /account 77 has a balance and no postings/],
      ['UPDATE charge_days SET charged_micros = 8', /charges of the day of account 2 on 2026-11-21/],
      ['UPDATE charge_months SET charged_micros = 8', /charges of the month of account 2 in 2026-11/],
      ["DELETE FROM cdrs WHERE call_id = 'call-1'", /the charge call\/call-1\/2\/2026-11-21 has no CDR/],
      ["UPDATE postings SET amount_micros = 5 WHERE id = 'p1'", /posting 1 is not the one of the journal, p1/],
      ['UPDATE balances SET posted_micros = -1 WHERE account_id = 2', /the prepaid account alice has -0\.000001/],
    ];
    for (const [sql, expected] of broken) {
      const kept = join(stage.dataFolder, 'kept.db');
      copyFileSync(path, kept);
      const database = new DatabaseSync(path);
      database.exec(sql);
      database.close();
      const ran = await stage.run(['ledger', 'check']);
      assert.equal(ran.exitCode, 1, sql);
      assert.match(ran.stdout, expected);
      for (const end of ['-wal', '-shm']) rmSync(`${path}${end}`, { force: true });
      copyFileSync(kept, path);
    }
    assert.equal((await stage.run(['ledger', 'check', '--json'])).exitCode, 0);
  }));

test('a restored backup halts the ledger until resume, which brings back what was posted since [admin.backups]', () =>
  onStage(async (stage) => {
    await stage.run(['user', 'add', 'alice']);
    await stage.run(['ledger', 'topup', 'alice', '10', '--id', 'p1']);
    const backup = join(stage.dataFolder, 'backup.db');
    assert.equal((await stage.run(['backup', backup])).exitCode, 0);
    await stage.run(['ledger', 'adjust', 'alice', '-9', '--id', 'spent']);
    const path = join(stage.dataFolder, 'ringfence.db');
    for (const end of ['', '-wal', '-shm']) rmSync(`${path}${end}`, { force: true });
    copyFileSync(backup, path);
    const refused = await stage.run(['ledger', 'topup', 'alice', '1']);
    assert.equal(refused.exitCode, 1);
    assert.match(refused.stderr, /older than its journal/);
    assert.match((await stage.run(['ledger', 'check'])).stdout, /halted: the database is older/);
    assert.match((await stage.run(['ledger', 'resume'])).stdout, /1 posting came back/);
    assert.match((await stage.run(['ledger', 'statement', 'alice'])).stdout, /alice has 1\.00 USD/);
    assert.match((await stage.run(['ledger', 'check'])).stdout, /everything agrees/);
  }));

test('another currency than that of the postings stops everything that moves money', () =>
  onStage(async (stage) => {
    await stage.run(['user', 'add', 'alice']);
    await stage.run(['ledger', 'topup', 'alice', '10']);
    const ran = await stage.run(['ledger', 'topup', 'alice', '1'], { settingVariables: { RINGFENCE_CURRENCY: 'CHF' } });
    assert.match(ran.stderr, /currency is CHF, and the ledger is in USD/);
  }));
