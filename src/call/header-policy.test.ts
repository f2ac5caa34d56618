import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HeaderList, headerFields, SipRequest } from '../sip/message/index.ts';
import { bodyHeaders, bodyType, type Direction, passedHeaders, treatmentOf } from './header-policy.ts';

const words = ['accept-language', 'organization', 'priority', 'subject'];
const betweenServers = [
  'diversion',
  'history-info',
  'identity',
  'p-charging-vector',
  'resource-priority',
  'user-to-user',
];

/** Whatever may cross, in each direction; a header that is not named here never does. */
const crossing: Readonly<Record<Direction, readonly string[]>> = {
  'user to user': words,
  'user to server': words,
  'server to user': words,
  'server to server': [...words, ...betweenServers].toSorted(),
  'guest to user': ['accept-language', 'priority'],
};

function isDirection(text: string): text is Direction {
  return text in crossing;
}

describe('of all headers that we know', () => {
  for (const direction of Object.keys(crossing).filter(isDirection)) {
    test(`from ${direction} only ${crossing[direction].join(', ')} may cross`, () => {
      const names = headerFields.map((name) => name.toLowerCase());
      const may = names.filter((name) =>
        ['pass', 'unless anonymous', 'trusted'].includes(treatmentOf(name, direction)),
      );
      assert.deepEqual(may.toSorted(), crossing[direction]);
    });
  }

  test('one that we do not know crosses in no direction', () => {
    for (const direction of Object.keys(crossing).filter(isDirection)) {
      for (const name of ['x-anything', 'p_asserted_identity', 'constructor', '__proto__', '']) {
        assert.equal(treatmentOf(name, direction), 'never');
      }
    }
  });
});

describe('the headers of a request', () => {
  const list = new HeaderList()
    .append('Subject', 'lunch')
    .append('s', 'again')
    .append('Identity', 'signed')
    .append('Priority', 'urgent')
    .append('Priority', 'x'.repeat(501))
    .append('Priority', '"\\\u0000"')
    .append('Accept-Language', 'de;x=192.0.2.21')
    .append('Content-Type', 'text/plain')
    .append('Content-Disposition', 'render');
  const request = new SipRequest('INVITE', 'sip:x', list, '');
  const plain = { direction: 'server to server', anonymous: false, bothTrusted: false, hiddenAddress: '' } as const;
  const passed = (change: Partial<Parameters<typeof passedHeaders>[1]>): readonly string[] =>
    passedHeaders(request, { ...plain, ...change }).map(([, value]) => value);

  test('pass by name in any form, but not where they are long or hold control octets', () => {
    assert.deepEqual(passed({}), ['lunch', 'again', 'urgent', 'de;x=192.0.2.21']);
  });

  test('with the signature of a caller pass between trusted servers only', () => {
    assert.ok(passed({ bothTrusted: true }).includes('signed'));
    assert.ok(!passed({ bothTrusted: true, direction: 'server to user' }).includes('signed'));
  });

  test('that may name the caller do not pass for one who hides', () => {
    assert.deepEqual(passed({ anonymous: true }), ['urgent', 'de;x=192.0.2.21']);
  });

  test('that hold an address which is not to be told do not pass [protocol.forwardclientaddress]', () => {
    assert.deepEqual(passed({ hiddenAddress: '192.0.2.21' }), ['lunch', 'again', 'urgent']);
  });

  test('pass four times at most', () => {
    const many = new HeaderList();
    for (let count = 0; count < 9; count++) many.append('subject', String(count));
    assert.equal(passedHeaders(new SipRequest('INVITE', 'sip:x', many, ''), plain).length, 4);
  });

  test('that describe a body go with the body of INFO and MESSAGE, whose type must be plain', () => {
    assert.deepEqual(bodyHeaders(request), [['content-disposition', 'render']]);
    assert.equal(bodyType(request), 'text/plain');
    const odd = new HeaderList().append('content-type', 'text/"\\\u0001"');
    assert.equal(bodyType(new SipRequest('INFO', 'sip:x', odd, '')), undefined);
    assert.equal(bodyType(new SipRequest('INFO', 'sip:x', new HeaderList(), '')), '');
  });

  const folded = 'X-Odd: <sip:911@x>';
  const types: readonly (readonly [string, string | undefined])[] = [
    ['Application/SDP', 'Application/SDP'],
    [' text / plain ; Charset = utf-8 ', 'text/plain;charset=utf-8'],
    ['multipart/mixed;boundary="a b"', 'multipart/mixed;boundary="a b"'],
    [`application/sdp ${folded}`, undefined],
    [`application/sdp;a=b ${folded}`, undefined],
    ['application', undefined],
    ['application/', undefined],
    ['application/sdp, text/plain', undefined],
    ['', undefined],
  ];
  for (const [written, expected] of types) {
    test(`with the type ${JSON.stringify(written)} let ${JSON.stringify(expected)} cross`, () => {
      const headers = new HeaderList().append('content-type', written);
      assert.equal(bodyType(new SipRequest('MESSAGE', 'sip:x', headers, '')), expected);
    });
  }

  test('whose values are tokens drop what was folded onto them', () => {
    const values = ['session;handling=optional', `session ${folded}`, 'session; handling', ''];
    const headers = new HeaderList();
    for (const value of values) headers.append('content-disposition', value);
    headers.append('priority', `urgent ${folded}`).append('accept-language', 'de, en-GB;q=0.8, *;q=0.1');
    const message = new SipRequest('MESSAGE', 'sip:x', headers, '');
    assert.deepEqual(
      bodyHeaders(message).map(([, value]) => value),
      ['session;handling=optional', 'session;handling'],
    );
    assert.deepEqual(
      passedHeaders(message, plain).map(([, value]) => value),
      ['de, en-GB;q=0.8, *;q=0.1'],
    );
  });
});
