import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../test/kit/seeded-random.ts';
import { changeAccount, createAccount, removeAccount, setPassword } from './admin.ts';
import type { AdminContext, AdminOutcome, AdminResult } from './admin-context.ts';
import { putDialRule, removeDialRule } from './admin-dial-rules.ts';
import { putNumber, removeNumber } from './admin-numbers.ts';
import { AccountDirectory } from './directory.ts';
import type { FieldTexts } from './field-texts.ts';
import { isPasswordOf } from './ha1.ts';

function newContext(rules: Partial<AdminContext['rules']> = {}): AdminContext {
  return {
    directory: new AccountDirectory({ accounts: [], credentials: [], numbers: [], dialRules: [], nextId: 1 }),
    realm: 'home',
    random: seededRandom(1),
    nowMs: 5000,
    by: 'root',
    rules: { minpwdlength: 4, validatepassword: 1, enforcestrongauth: true, ...rules },
  };
}

function done(result: AdminResult, { directory }: AdminContext): AdminOutcome {
  assert.ok(result.ok, result.ok ? '' : result.error.map((error) => error.message).join('; '));
  for (const change of result.value.changes) directory.apply(change);
  return result.value;
}

function messages(result: AdminResult): string {
  return result.ok ? '' : result.error.map((error) => error.message).join('; ');
}

test('[auth.password-extension] an account without a given password gets a generated one that is told once', () => {
  const context = newContext();
  const outcome = done(createAccount({ name: '201' }, context), context);
  const account = context.directory.accountByName('201');
  const credential = context.directory.credentialOf(account?.id ?? 0);
  assert.ok(credential && isPasswordOf(credential, '201', outcome.generatedPassword?.reveal() ?? ''));
  assert.match(outcome.generatedPassword?.reveal() ?? '', /^\w{16}$/);
  assert.equal(outcome.audit[0]?.by, 'root');
  const printed = JSON.stringify(outcome, (_key, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  );
  assert.equal(printed.includes(outcome.generatedPassword?.reveal() ?? '?'), false);
});

test('[auth.password-extension] a typed password equal to the extension number is refused', () => {
  const context = newContext({ validatepassword: 0, enforcestrongauth: false });
  assert.match(messages(createAccount({ name: '2015', password: '2015' }, context)), /equals the user name/);
});

test('[auth.needauth] 0 is refused while enforcestrongauth is on, under any spelling of the field', () => {
  for (const field of ['needauth', 'NeeAuth', 'authtype']) {
    const result = createAccount({ name: '201', [field]: '0' }, newContext());
    assert.match(messages(result), /refused while enforcestrongauth is on; write/, field);
  }
});

test('[auth.enforcestrongauth] a password that a guesser tries first is refused at once, a strong one is taken', () => {
  assert.match(
    messages(createAccount({ name: '201', password: '1234' }, newContext())),
    /enforcestrongauth would replace it/,
  );
  assert.equal(createAccount({ name: '201', password: 'H883ksd3' }, newContext()).ok, true);
});

test('each wrong field of an account is refused with the field, its value and a remedy', () => {
  const sender = { name: 't', type: 'trafficsender' };
  const rows: readonly (readonly [FieldTexts, RegExp])[] = [
    [{ name: '' }, /name '' is not 1 to 64 letters/],
    [{ name: 'a b' }, /name 'a b' is not/],
    [{ name: '201', type: 'user' }, /type 'user' is not one of enduser/],
    [{ name: '201', permitip: '192.168.1.143/255.' }, /permitip '192\.168\.1\.143\/255\.' has a wrong mask; write/],
    [{ name: '201', enabled: 'maybe' }, /enabled 'maybe' is neither yes nor no; write true or false/],
    [{ name: '201', voicemail: '10' }, /'voicemail' is known, and not in effect in this version/],
    [{ name: '201', techprefix: '12345678' }, /techprefix has no effect on a enduser/],
    [{ name: '201', needauth: '8' }, /needauth 8 is known, and not in effect for a enduser/],
    [{ name: '201', reseller: 'nobody' }, /reseller 'nobody' is no reseller; create it first/],
    [{ name: '201', host: '192.0.2.1' }, /host has no effect on a enduser; it belongs to sipserver/],
    [{ ...sender }, /authip is missing.*techprefix is missing/],
    [{ ...sender, techprefix: '1234567', authip: '192.0.2.1' }, /has 7 digits; use at least 8/],
    [{ ...sender, needauth: '1', authip: '0.0.0.0/0' }, /too wide to identify anybody/],
    [{ ...sender, needauth: '1', authip: 'sip.example.com' }, /not an IP address or range; write/],
    [{ ...sender, needauth: '6', authip: '192.0.2.1' }, /must be address:port for needauth 6/],
    [{ ...sender, needauth: '1', authip: '192.0.2.1', password: 'H883ksd3' }, /password has no effect/],
    [{ name: 'c', type: 'sipserver' }, /host is missing/],
    [{ name: 'c', type: 'sipserver', host: 'h', port: '70000' }, /port '70000' is not a whole number from 0 to 65535/],
    [{ name: 'c', type: 'sipserver', host: 'h', transport: 'ws' }, /transport 'ws' is not one of auto, udp, tcp, tls/],
  ];
  for (const [texts, wanted] of rows)
    assert.match(messages(createAccount(texts, newContext())), wanted, JSON.stringify(texts));
});

test('names are unique whatever their case, and an account keeps its name and type', () => {
  const context = newContext();
  done(createAccount({ name: 'Alice' }, context), context);
  assert.match(messages(createAccount({ name: 'aLICE' }, context)), /taken by the account Alice/);
  assert.match(messages(changeAccount('alice', { name: 'Bob' }, context)), /keeps its name/);
  assert.match(messages(changeAccount('alice', { type: 'admin' }, context)), /keeps its type/);
});

test('a changed password keeps the one before it, and the same password again is no change', () => {
  const context = newContext();
  done(createAccount({ name: '201', password: 'H883ksd3' }, context), context);
  const before = context.directory.credentialOf(1);
  assert.deepEqual(done(setPassword('201', 'H883ksd3', context), context).changes, []);
  done(setPassword('201', 'K9mmQe27x', context), context);
  const after = context.directory.credentialOf(1);
  assert.equal(after?.previousHa1Md5?.reveal(), before?.ha1Md5.reveal());
  const generated = done(setPassword('201', undefined, context), context);
  assert.notEqual(generated.generatedPassword, undefined);
});

test('the last admin can be neither removed nor disabled', () => {
  const context = newContext();
  done(createAccount({ name: 'root', type: 'admin' }, context), context);
  assert.match(messages(removeAccount('root', context)), /last admin/);
  assert.match(messages(changeAccount('root', { enabled: 'false' }, context)), /last admin/);
  done(createAccount({ name: 'second', type: 'admin' }, context), context);
  assert.equal(removeAccount('root', context).ok, true);
});

test('a SIP server or reseller that is still used is not removed', () => {
  const context = newContext();
  done(createAccount({ name: 'carrier', type: 'sipserver', host: '192.0.2.1' }, context), context);
  done(putDialRule({ name: 'all', pattern: 'X.', sipservers: 'carrier' }, context), context);
  done(createAccount({ name: 'shop', type: 'reseller' }, context), context);
  done(createAccount({ name: '201', reseller: 'shop' }, context), context);
  assert.match(messages(removeAccount('carrier', context)), /still used by dial rule all/);
  assert.match(messages(removeAccount('shop', context)), /still used by account 201/);
  done(removeDialRule('all', context), context);
  done(removeAccount('carrier', context), context);
  assert.deepEqual(context.directory.sipServers(), []);
});

test('a reseller cannot be below one that is below it', () => {
  const context = newContext();
  done(createAccount({ name: 'top', type: 'reseller' }, context), context);
  done(createAccount({ name: 'sub', type: 'reseller', reseller: 'top' }, context), context);
  assert.match(messages(changeAccount('top', { reseller: 'sub' }, context)), /is below this account/);
});

test('a number belongs to one enduser, in digits with the country code', () => {
  const context = newContext();
  done(createAccount({ name: '201' }, context), context);
  done(createAccount({ name: '202' }, context), context);
  done(putNumber('+43 (1) 234-567', '201', context), context);
  assert.deepEqual(context.directory.numbersOf(1), ['431234567']);
  assert.deepEqual(done(putNumber('431234567', '201', context), context).changes, []);
  assert.match(messages(putNumber('431234567', '202', context)), /belongs to 201/);
  assert.match(messages(putNumber('01234567', '202', context)), /begins with 0; write it with the country code/);
  done(removeNumber('431234567', context), context);
  assert.equal(context.directory.numberOwner('431234567'), undefined);
});

test('a dial rule has a name of its own: the same name is the same rule [fraud.rule-name]', () => {
  const context = newContext();
  done(createAccount({ name: 'carrier', type: 'sipserver', host: '192.0.2.1' }, context), context);
  done(putDialRule({ name: 'International', pattern: '00.', sipservers: 'carrier' }, context), context);
  done(putDialRule({ name: 'International', pattern: '011.', sipservers: 'carrier' }, context), context);
  assert.deepEqual(
    context.directory.dialRules('').map(({ name, pattern }) => [name, pattern]),
    [['International', '011.']],
  );
  assert.match(messages(putDialRule({ name: '', pattern: '0.', sipservers: 'carrier' }, context)), /is not a name/);
});

test('a dial rule is checked when it is saved', () => {
  const context = newContext();
  done(createAccount({ name: 'carrier', type: 'sipserver', host: '192.0.2.1' }, context), context);
  const good = { name: 'r', pattern: '19XXX', sipservers: 'carrier' };
  const rows: readonly (readonly [FieldTexts, RegExp])[] = [
    [{ ...good, pattern: '19A' }, /pattern '19A' has 'A'/],
    [{ ...good, delete: '5' }, /delete 5 leaves nothing of numbers like 19XXX/],
    [{ ...good, sipservers: 'other' }, /'other' is no SIP server; create it first/],
    [{ ...good, sipservers: 'carrier, carrier' }, /names carrier twice/],
    [{ ...good, timerule: 'Mon-Fri 18:00-08:00' }, /is not of the form Mon-Fri 08:00-18:00/],
    [{ ...good, pinset: 'x' }, /'pinset' is known, and not in effect in this version/],
    [{ ...good, patern: 'x' }, /the nearest field is 'pattern'/],
    [{ name: 'r', pattern: 'X.' }, /sipservers is missing/],
  ];
  for (const [texts, wanted] of rows)
    assert.match(messages(putDialRule(texts, context)), wanted, JSON.stringify(texts));
  const timed = { ...good, timerule: 'mon-fri 08:00-18:00; Sat 09:00-24:00', sipservers: 'carrier:2:30' };
  done(putDialRule(timed, context), context);
  assert.deepEqual(context.directory.dialRules('')[0]?.routes, [{ sipServerId: 1, priority: 2, weight: 30 }]);
  assert.deepEqual(done(putDialRule(timed, context), context).changes, []);
});
