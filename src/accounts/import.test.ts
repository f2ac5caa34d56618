import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../test/kit/seeded-random.ts';
import type { AdminContext } from './admin-context.ts';
import { AccountDirectory } from './directory.ts';
import { isPasswordOf } from './ha1.ts';
import { type ImportPlan, planImport } from './import.ts';
import { type ImportDocument, parseImport } from './import-document.ts';

const emptySnapshot = { accounts: [], credentials: [], numbers: [], dialRules: [], nextId: 1 };

function contextOf(directory: AccountDirectory): AdminContext {
  return {
    directory,
    realm: 'home',
    random: seededRandom(3),
    nowMs: 1000,
    by: 'command line',
    rules: { minpwdlength: 4, validatepassword: 2, enforcestrongauth: true },
  };
}

function read(text: string): ImportDocument {
  const document = parseImport(text);
  assert.ok(document.ok, document.ok ? '' : document.error.join('\n'));
  return document.value;
}

function atOnce<T>(work: Iterator<unknown, T>): T {
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
  }
}

function plan(
  text: string,
  directory = new AccountDirectory(emptySnapshot),
  settings = new Map<string, string>(),
): ImportPlan {
  return atOnce(planImport(read(text), contextOf(directory), settings));
}

const whole = `
users:
  - name: 0201
    password: H883ksd3
    permitip: 192.168.1.143/255.255.255.255
    displayname: Front desk
    dialplan: inland
  - name: bulk
    type: trafficsender
    authip: [198.51.100.1, 198.51.100.0/28]
    techprefix: "88776655"
    reseller: shop
  - name: shop
    type: reseller
  - name: fresh
sipservers:
  - name: carrier
    host: 203.0.113.5
    authuser: us
    authpassword: 10.10
numbers:
  - number: +43 1 2345
    user: "0201"
dialrules:
  - name: inland
    pattern: 0z.
    delete: 1
    add: 43
    dialplan: inland
    sipservers:
      - carrier
settings:
  udp_port: 5070
`;

test('a whole document makes everything that it names, whatever stands before what it refers to', () => {
  const planned = plan(whole);
  assert.deepEqual(planned.errors, []);
  assert.deepEqual(
    planned.create.map((record) => record.subject),
    [
      'sipserver carrier',
      'user shop',
      'user 0201',
      'user bulk',
      'user fresh',
      'number 4312345',
      'dialrule inland',
      'setting udp_port',
    ],
  );
  const directory = new AccountDirectory(emptySnapshot);
  for (const change of planned.changes) directory.apply(change);
  const phone = directory.accountByName('0201');
  assert.deepEqual(phone?.permitIp, ['192.168.1.143/32']);
  assert.equal(directory.numberOwner('4312345'), phone);
  assert.equal(directory.sipServers()[0]?.trunk?.authPassword?.reveal(), '10.10', 'scalars stay as they were written');
  assert.deepEqual(directory.dialRules('inland')[0]?.routes, [
    { sipServerId: directory.sipServers()[0]?.id, priority: 1, weight: 1 },
  ]);
  const fresh = directory.accountByName('fresh');
  const generated = planned.generatedPasswords.find(({ name }) => name === 'fresh');
  const credential = directory.credentialOf(fresh?.id ?? 0);
  assert.ok(credential && generated && isPasswordOf(credential, 'fresh', generated.password.reveal()));
});

test('the second import of the same document changes nothing and generates nothing', () => {
  const first = plan(whole);
  const directory = new AccountDirectory(emptySnapshot);
  for (const change of first.changes) directory.apply(change);
  const again = plan(whole, directory, new Map([['udp_port', '5070']]));
  assert.deepEqual(
    [again.create, again.change, again.changes, again.audit, again.generatedPasswords],
    [[], [], [], [], []],
  );
  assert.equal(again.unchanged.length, 8);
});

test('only what differs is changed, and records that the document does not have stay', () => {
  const directory = new AccountDirectory(emptySnapshot);
  for (const change of plan(whole).changes) directory.apply(change);
  const planned = plan(
    'users: [{ name: "0201", password: _eK5B2hwAN, callerid: "4312345", displayname: Front desk }]',
    directory,
  );
  assert.deepEqual(planned.change, [{ subject: 'user 0201', fields: ['callerid', 'password'] }]);
  for (const change of planned.changes) directory.apply(change);
  assert.equal(directory.accountByName('0201')?.displayName, 'Front desk');
  assert.ok(directory.accountByName('bulk'));
  const credential = directory.credentialOf(directory.accountByName('0201')?.id ?? 0);
  assert.notEqual(credential?.previousHa1Md5, undefined, 'the replaced password still counts as stale');
});

test('one error anywhere leaves nothing to do, and every error is told at once', () => {
  const planned = plan(`
users:
  - { name: good }
  - { name: "201", password: "201" }
  - { name: "202", voicemail: 2, permitipp: 10.0.0.1 }
numbers:
  - { number: "0800", user: good }
settings: { nosuchthing: 1 }`);
  assert.deepEqual([planned.changes, planned.audit, planned.generatedPasswords], [[], [], []]);
  assert.equal(planned.errors.length, 5, planned.errors.join('\n'));
  assert.match(planned.errors.join('\n'), /user 202: 'voicemail' is known, and not in effect in this version/);
  assert.match(planned.errors.join('\n'), /user 202: 'permitipp' is unknown; the nearest field is 'permitip'/);
});

test('no message and no audit entry of an import holds a password or a tech prefix', () => {
  const planned = plan(whole);
  const bad = plan(
    'users: [{ name: "201", password: "94993" }, { name: t, type: trafficsender, techprefix: "1234567" }]',
  );
  const said = JSON.stringify([planned.audit, planned.create, bad.errors]);
  for (const secret of ['H883ksd3', '88776655', '10.10', '94993', '1234567'])
    assert.equal(said.includes(secret), false, secret);
});

test('a file that is not a document of records is refused with a sentence', () => {
  const rows = [
    ['users: [', /./],
    ['[1, 2]', /must have keys such as users/],
    ['blacklists: []', /blacklists is known, and not in effect in this version/],
    ['user: []', /'user' is unknown/],
    ['users: { name: x }', /users must be a list/],
    ['users: [x]', /users\[1\] must be a record/],
    ['a: &x 1\nusers: *x', /alias/],
    ['users: []\nusers: []', /unique/i],
  ] as const;
  for (const [text, wanted] of rows) {
    const document = parseImport(text);
    assert.ok(!document.ok && wanted.test(document.error.join()), `${text}: ${JSON.stringify(document)}`);
  }
});

test('JSON is read like YAML', () => {
  const planned = plan('{"users":[{"name":"201","password":"H883ksd3"}]}');
  assert.deepEqual(planned.errors, []);
  assert.equal(planned.create[0]?.subject, 'user 201');
});
