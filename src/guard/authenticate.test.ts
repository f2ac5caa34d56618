import assert from 'node:assert/strict';
import { createSecretKey } from 'node:crypto';
import { beforeEach, describe, test } from 'node:test';
import { seededRandom } from '../../test/kit/seeded-random.ts';
import { SimulatedClock } from '../../test/kit/simulated-clock.ts';
import { AccountDirectory } from '../accounts/directory.ts';
import { credentialFor } from '../accounts/ha1.ts';
import { blankAccount } from '../accounts/blank-account.ts';
import type { Account } from '../accounts/model.ts';
import { Secret } from '../base/log/secret.ts';
import { profileValues, type Settings } from '../settings/index.ts';
import { answerChallenge } from '../sip/digest/index.ts';
import { HeaderList, SipRequest } from '../sip/message/index.ts';
import type { Flow } from '../sip/transport/index.ts';
import { Authenticator, type Identity } from './authenticate.ts';

const realm = 'test.example';
const random = seededRandom(1);

const alice = blankAccount(7, 'alice', 'enduser');

let clock: SimulatedClock;
let proven: Flow[];
let settings: Settings;

beforeEach(() => {
  clock = new SimulatedClock();
  proven = [];
  settings = profileValues('default');
});

function authenticator(account: Account = alice): { directory: AccountDirectory; authenticator: Authenticator } {
  const old = credentialFor(account, realm, 'old password');
  const credentials = [credentialFor(account, realm, 'right password', old)];
  const directory = new AccountDirectory({ accounts: [account], credentials, numbers: [], dialRules: [], nextId: 9 });
  const nonceKey = createSecretKey(Buffer.alloc(32, 1));
  const made = new Authenticator({
    directory,
    clock,
    settings: () => settings,
    realm,
    nonceKey,
    bootId: 'boot',
    random,
    gate: { look: () => 'verify', observe: () => {} },
    onAuthenticated: (flow) => proven.push(flow),
  });
  return { directory, authenticator: made };
}

function flow(address = '192.0.2.1', port = 5060): Flow {
  const local = { address: '192.0.2.9', port: 5060 };
  return { transport: 'udp', reliable: false, local, remote: { address, port }, connectionId: 0, send: () => {} };
}

function request(authorization?: string, uri = 'sip:test.example'): SipRequest {
  const headers = new HeaderList()
    .append('via', 'SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1')
    .append('from', '<sip:alice@test.example>;tag=1')
    .append('to', '<sip:alice@test.example>')
    .append('call-id', 'c')
    .append('cseq', '1 REGISTER');
  if (authorization !== undefined) headers.append('authorization', authorization);
  return new SipRequest('REGISTER', uri, headers, '');
}

function answer(
  challenges: readonly string[],
  given: { user?: string; password?: string; uri?: string; count?: number } = {},
): string {
  const made = answerChallenge({
    challenges,
    pinnedRealm: realm,
    username: given.user ?? 'alice',
    password: new Secret(given.password ?? 'right password'),
    method: 'REGISTER',
    uri: given.uri ?? 'sip:test.example',
    random,
    ...(given.count === undefined ? {} : { nonceCount: given.count }),
  });
  assert.ok(made.ok);
  return made.value;
}

function outcome(identity: Identity): string {
  return identity.kind === 'challenge' ? `challenge${identity.stale ? ' stale' : ''}` : identity.kind;
}

describe('identity by digest', () => {
  const rows: readonly { what: string; given: Parameters<typeof answer>[1]; expect: string }[] = [
    { what: 'the right password is accepted', given: {}, expect: 'account' },
    { what: 'a wrong password is refused', given: { password: 'wrong' }, expect: 'refused' },
    { what: 'an unknown user is refused like a wrong password', given: { user: 'mallory' }, expect: 'refused' },
    {
      what: 'the previous password is no guess, and is asked for again as if there were none',
      given: { password: 'old password' },
      expect: 'challenge',
    },
    { what: 'a digest uri of another host is refused', given: { uri: 'sip:other.example' }, expect: 'refused' },
  ];
  for (const { what, given, expect } of rows) {
    test(`${what} [auth.strongdigestauth]`, () => {
      const { authenticator: made } = authenticator();
      const value = answer(made.challenges(flow(), false), given);
      assert.equal(outcome(made.identify(request(value), flow())), expect);
    });
  }

  test('a wrong password and an unknown user take the same time, within 5 ms in the median [auth.uauthverifypwd]', () => {
    const { authenticator: made } = authenticator();
    const times: Record<'alice' | 'nobody', number[]> = { alice: [], nobody: [] };
    for (let round = 0; round < 200; round++) {
      for (const user of ['alice', 'nobody'] as const) {
        const guess = request(answer(made.challenges(flow(), false), { user, password: 'wrong' }));
        const begun = performance.now();
        made.identify(guess, flow());
        times[user].push(performance.now() - begun);
      }
    }
    const median = (of: readonly number[]): number => of.toSorted((one, other) => one - other)[of.length / 2] ?? 0;
    assert.ok(Math.abs(median(times.alice) - median(times.nobody)) < 5);
  });

  test('a request without credentials is challenged', () => {
    assert.equal(outcome(authenticator().authenticator.identify(request(), flow())), 'challenge');
  });

  test('the flow of a right answer is told of, that of a wrong one or of none is not', () => {
    const { authenticator: made } = authenticator();
    const challenges = made.challenges(flow(), false);
    made.identify(request(), flow());
    made.identify(request(answer(challenges, { password: 'wrong' })), flow());
    assert.deepEqual(proven, []);
    const over = flow();
    made.identify(request(answer(challenges)), over);
    assert.deepEqual(proven, [over]);
  });

  test('a captured answer is worth nothing: the same nonce and count again is stale [auth.strongdigestauth]', () => {
    const { authenticator: made } = authenticator();
    const value = answer(made.challenges(flow(), false));
    assert.equal(outcome(made.identify(request(value), flow())), 'account');
    assert.equal(outcome(made.identify(request(value), flow())), 'challenge stale');
  });

  test('a nonce may be used again with a higher count', () => {
    const { authenticator: made } = authenticator();
    const challenges = made.challenges(flow(), false);
    assert.equal(outcome(made.identify(request(answer(challenges, { count: 1 })), flow())), 'account');
    assert.equal(outcome(made.identify(request(answer(challenges, { count: 2 })), flow())), 'account');
  });

  test('an answer from another port, or after the nonce expired, is stale and no evidence', () => {
    const { authenticator: made } = authenticator();
    const value = answer(made.challenges(flow(), false), { password: 'wrong' });
    assert.equal(outcome(made.identify(request(value), flow('192.0.2.1', 5061))), 'challenge stale');
    clock.advance(settings.nonce_lifetime * 1000 + 1);
    assert.equal(outcome(made.identify(request(value), flow())), 'challenge stale');
  });

  test('from an address outside permit_ip the right password is refused [auth.permit-ip] ZY-IP-1', () => {
    const { authenticator: made } = authenticator({ ...alice, permitIp: ['192.168.1.143/255.255.255.255'] });
    for (const [address, expect] of [
      ['192.168.1.143', 'account'],
      ['192.168.1.144', 'refused'],
    ] as const) {
      const value = answer(made.challenges(flow(address), false));
      assert.equal(outcome(made.identify(request(value), flow(address))), expect, address);
    }
  });

  test('a disabled account is refused like a wrong password', () => {
    const { authenticator: made } = authenticator({ ...alice, enabled: false });
    assert.equal(outcome(made.identify(request(answer(made.challenges(flow(), false))), flow())), 'refused');
  });
});

describe('algorithms', () => {
  test('at 2 only SHA-256 is offered and an MD5 answer is challenged again [auth.useshadigestauth]', () => {
    const { authenticator: made } = authenticator();
    const md5 = answer(made.challenges(flow(), false));
    settings = { ...settings, useshadigestauth: 2 };
    const offered = made.challenges(flow(), false);
    assert.deepEqual(
      offered.map((value) => /algorithm=([\w-]+)/.exec(value)?.[1]),
      ['SHA-256'],
    );
    assert.equal(outcome(made.identify(request(md5), flow())), 'challenge');
    assert.equal(outcome(made.identify(request(answer(offered)), flow())), 'account');
  });

  test('at 1 both are offered, SHA-256 first, and either answer is accepted [auth.useshadigestauth]', () => {
    settings = { ...settings, useshadigestauth: 1 };
    const { authenticator: made } = authenticator();
    for (const place of [0, 1]) {
      const offered = made.challenges(flow(), false);
      assert.deepEqual(
        offered.map((value) => value.includes('SHA-256')),
        [true, false],
      );
      assert.equal(outcome(made.identify(request(answer([offered[place] ?? ''])), flow())), 'account');
    }
  });

  test('at 3 an answer without qop is challenged again [auth.strongdigestauth]', () => {
    settings = { ...settings, strongdigestauth: 3 };
    const { authenticator: made } = authenticator();
    const legacy = made.challenges(flow(), false).map((value) => value.replace(/,\s*qop="?auth"?/, ''));
    assert.equal(outcome(made.identify(request(answer(legacy)), flow())), 'challenge');
  });
});

describe('cached log-ins', () => {
  function logIn(made: Authenticator): void {
    assert.equal(outcome(made.identify(request(answer(made.challenges(flow(), false))), flow())), 'account');
  }

  test('at 0 every REGISTER is challenged [auth.cacheregistrations]', () => {
    const { authenticator: made } = authenticator();
    logIn(made);
    assert.equal(outcome(made.identify(request(), flow())), 'challenge');
  });

  test('at 1 the same address and port is accepted for a minute, and no other [auth.cacheregistrations]', () => {
    settings = { ...settings, cacheregistrations: 1, authfastusers: 0 };
    const { authenticator: made } = authenticator();
    logIn(made);
    assert.equal(outcome(made.identify(request(), flow())), 'account');
    assert.equal(outcome(made.identify(request(), flow('192.0.2.1', 5061))), 'challenge');
    clock.advance(60_001);
    assert.equal(outcome(made.identify(request(), flow())), 'challenge');
  });

  test('a changed password ends a cached log-in at once [auth.password-age-on-credential-change]', () => {
    settings = { ...settings, cacheregistrations: 1, authfastusers: 0 };
    const { directory, authenticator: made } = authenticator();
    logIn(made);
    directory.apply({ kind: 'credential put', credential: credentialFor(alice, realm, 'new password') });
    made.purge(alice.id);
    assert.equal(outcome(made.identify(request(), flow())), 'challenge');
  });
});
