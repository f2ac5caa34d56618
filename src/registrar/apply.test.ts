import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseNameAddr } from '../sip/message/index.ts';
import { applyRegister, type RegisterBounds, type RegisterRequest } from './apply.ts';
import type { Binding } from './binding.ts';
import { askedContact } from './contact-uri.ts';

const bounds: RegisterBounds = { minS: 60, maxS: 3600, defaultS: 60, maxBindings: 3 };
const now = 1_000_000;

function request(contacts: readonly string[] | '*', fields: Partial<RegisterRequest> = {}): RegisterRequest {
  return {
    accountId: 1,
    user: 'alice',
    contacts:
      contacts === '*'
        ? '*'
        : contacts.map((text) => {
            const parsed = parseNameAddr(text);
            const asked = parsed.ok ? askedContact(parsed.value) : undefined;
            assert.ok(asked !== undefined);
            return asked;
          }),
    expiresS: undefined,
    callId: 'c1',
    cseq: 1,
    userAgent: 'phone',
    path: [],
    transport: 'udp',
    sourceAddress: '192.0.2.1',
    sourcePort: 5060,
    localAddress: '0.0.0.0',
    localPort: 5060,
    isProven: true,
    ...fields,
  };
}

function apply(current: readonly Binding[], wanted: RegisterRequest, atMs = now) {
  return applyRegister(current, wanted, bounds, atMs);
}

function granted(wanted: RegisterRequest): number {
  const outcome = apply([], wanted);
  assert.ok(outcome.ok);
  return ((outcome.value.bindings[0]?.expiresAtMs ?? now) - now) / 1000;
}

function registered(...contacts: readonly string[]): readonly Binding[] {
  return contacts.reduce<readonly Binding[]>((bindings, contact, index) => {
    const outcome = apply(bindings, request([contact], { callId: `reg${index}` }), now + index);
    assert.ok(outcome.ok);
    return outcome.value.bindings;
  }, []);
}

describe('times of a registration', () => {
  test('Expires 7200 is granted 3600 [auth.max-registration-subscription-time-sec]', () => {
    assert.equal(granted(request(['<sip:a@192.0.2.1>'], { expiresS: 7200 })), 3600);
  });

  test('Expires 30 is refused with 423 [auth.min-registration-subscription-time-sec]', () => {
    const outcome = apply([], request(['<sip:a@192.0.2.1>'], { expiresS: 30 }));
    assert.equal(outcome.ok ? 200 : outcome.error.status, 423);
  });

  test('no Expires is granted the default [auth.default-incoming-outgoing-registration-time-sec]', () => {
    assert.equal(granted(request(['<sip:a@192.0.2.1>'])), 60);
  });

  test('expires of a contact goes before the header', () => {
    assert.equal(granted(request(['<sip:a@192.0.2.1>;expires=120'], { expiresS: 600 })), 120);
  });
});

describe('changes of a binding set', () => {
  test('a second device is added and both are listed', () => {
    assert.equal(registered('<sip:a@192.0.2.1>', '<sip:a@192.0.2.2>').length, 2);
  });

  test('a refresh replaces its own contact', () => {
    const [first] = registered('<sip:a@192.0.2.1>');
    assert.ok(first);
    const outcome = apply([first], request(['<sip:a@192.0.2.1>'], { callId: 'reg0', cseq: 2, expiresS: 600 }));
    assert.ok(outcome.ok);
    assert.equal(outcome.value.bindings.length, 1);
    assert.equal(outcome.value.bindings[0]?.cseq, 2);
  });

  test('an instance that comes with another contact replaces the old one (RFC 5626)', () => {
    const instance = '+sip.instance="<urn:uuid:1>";reg-id=1';
    const bindings = registered(`<sip:a@192.0.2.1:1111>;${instance}`, `<sip:a@192.0.2.1:2222>;${instance}`);
    assert.deepEqual(
      bindings.map(({ contact }) => contact),
      ['sip:a@192.0.2.1:2222'],
    );
  });

  test('an instance without reg-id is named by its contact: two contacts of it stand side by side (RFC 5626 §6)', () => {
    const instance = '+sip.instance="<urn:uuid:1>"';
    const bindings = registered(`<sip:a@192.0.2.1>;${instance}`, `<sip:a@192.0.2.1;transport=tcp>;${instance}`);
    assert.deepEqual(
      bindings.map(({ contact }) => contact),
      ['sip:a@192.0.2.1', 'sip:a@192.0.2.1;transport=tcp'],
    );
  });

  test('the same contact twice in one REGISTER is one binding, with the times of the last', () => {
    const outcome = apply([], request(['<sip:a@192.0.2.1>;expires=120', '<sip:a@192.0.2.1>;expires=300']));
    assert.ok(outcome.ok);
    const { bindings, put } = outcome.value;
    assert.deepEqual(
      [bindings, put].map((list) => list.map(({ expiresAtMs }) => expiresAtMs - now)),
      [[300_000], [300_000]],
    );
  });

  test('a flow of a device twice in one REGISTER is one binding, at the last contact', () => {
    const instance = '+sip.instance="<urn:uuid:1>";reg-id=1';
    const outcome = apply([], request([`<sip:a@192.0.2.1>;${instance}`, `<sip:a@192.0.2.2>;${instance}`]));
    assert.deepEqual(outcome.ok ? outcome.value.bindings.map(({ contact }) => contact) : [], ['sip:a@192.0.2.2']);
  });

  test('a contact that is added and removed in one REGISTER is gone, whatever stood before', () => {
    const before = registered('<sip:a@192.0.2.1>');
    const outcome = apply(before, request(['<sip:a@192.0.2.1>', '<sip:a@192.0.2.1>;expires=0'], { cseq: 9 }));
    assert.ok(outcome.ok);
    assert.deepEqual([outcome.value.bindings.length, outcome.value.removed.length], [0, 1]);
  });

  test('headers and method of a contact are not kept, and do not make it another one (RFC 3261 §19.1.5)', () => {
    const bindings = registered('<sip:a@192.0.2.1;ob;method=BYE?Route=x>', '<sip:a@192.0.2.1;ob>');
    assert.deepEqual(
      bindings.map(({ contact }) => contact),
      ['sip:a@192.0.2.1;ob'],
    );
  });

  test('an old CSeq of the same Call-ID changes nothing', () => {
    const [first] = registered('<sip:a@192.0.2.1>');
    assert.ok(first);
    const outcome = apply([first], request(['<sip:a@192.0.2.1>;expires=0'], { callId: 'reg0', cseq: 1 }));
    assert.equal(outcome.ok ? 200 : outcome.error.status, 500);
  });

  test('expires=0 removes one contact and leaves the other', () => {
    const both = registered('<sip:a@192.0.2.1>', '<sip:a@192.0.2.2>');
    const outcome = apply(both, request(['<sip:a@192.0.2.1>;expires=0'], { cseq: 9 }));
    assert.ok(outcome.ok);
    assert.deepEqual(
      outcome.value.bindings.map(({ contact }) => contact),
      ['sip:a@192.0.2.2'],
    );
    assert.equal(outcome.value.removed.length, 1);
  });

  test('* with Expires 0 removes all, and without it is refused', () => {
    const both = registered('<sip:a@192.0.2.1>', '<sip:a@192.0.2.2>');
    const removed = apply(both, request('*', { expiresS: 0 }));
    assert.ok(removed.ok);
    assert.equal(removed.value.bindings.length, 0);
    const refused = apply(both, request('*', { expiresS: 60 }));
    assert.equal(refused.ok ? 200 : refused.error.status, 400);
  });

  test('a fourth device at a maximum of three takes the place of the oldest', () => {
    const bindings = registered('<sip:a@192.0.2.1>', '<sip:a@192.0.2.2>', '<sip:a@192.0.2.3>', '<sip:a@192.0.2.4>');
    assert.deepEqual(
      bindings.map(({ contact }) => contact),
      ['sip:a@192.0.2.2', 'sip:a@192.0.2.3', 'sip:a@192.0.2.4'],
    );
  });

  test('one REGISTER with more contacts than a user may have is refused whole', () => {
    const many = ['1', '2', '3', '4'].map((last) => `<sip:a@192.0.2.${last}>`);
    const outcome = apply([], request(many));
    assert.equal(outcome.ok ? 200 : outcome.error.status, 403);
  });

  test('a query changes nothing and lists what stands', () => {
    const outcome = apply(registered('<sip:a@192.0.2.1>'), request([]));
    assert.ok(outcome.ok);
    assert.deepEqual([outcome.value.put.length, outcome.value.bindings.length], [0, 1]);
  });
});
