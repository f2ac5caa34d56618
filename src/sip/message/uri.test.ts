import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatUri, parseUri, type SipUri, sameUri } from './index.ts';

const base: SipUri = {
  scheme: 'sip',
  user: '',
  password: undefined,
  host: 'example.com',
  port: undefined,
  params: new Map(),
  headers: '',
};

const readable: readonly (readonly [string, SipUri])[] = [
  ['sip:example.com', base],
  ['SIP:EXAMPLE.com', base],
  ['sips:example.com', { ...base, scheme: 'sips' }],
  ['sip:bob@example.com', { ...base, user: 'bob' }],
  ['sip:bob:secret@example.com:5061', { ...base, user: 'bob', password: 'secret', port: 5061 }],
  ['sip:bob:@example.com', { ...base, user: 'bob', password: '' }],
  ['sip:+1-212;isub=7@example.com', { ...base, user: '+1-212;isub=7' }],
  ['sip:sips%3Auser%40a.example@example.com', { ...base, user: 'sips:user@a.example' }],
  ['sip:*31#@example.com', { ...base, user: '*31#' }],
  ['sip:192.0.2.1:5060', { ...base, host: '192.0.2.1', port: 5060 }],
  ['sip:bob@[2001:DB8::1]:5070', { ...base, user: 'bob', host: '2001:db8::1', port: 5070 }],
  ['sip:[::ffff:192.0.2.1]', { ...base, host: '::ffff:192.0.2.1' }],
  ['sip:[2001:db8:::192.0.2.1]', { ...base, host: '2001:db8::192.0.2.1' }],
  ['sip:my_host', { ...base, host: 'my_host' }],
  [
    'sip:example.com;Transport=TCP;lr;n%61me=v%61lue',
    {
      ...base,
      params: new Map([
        ['transport', 'TCP'],
        ['lr', ''],
        ['name', 'value'],
      ]),
    },
  ],
  ['sip:example.com?subject=a&to=b', { ...base, headers: 'subject=a&to=b' }],
  ['sip:example.com;__proto__=1', { ...base, params: new Map([['__proto__', '1']]) }],
];

for (const [text, expected] of readable) {
  test(`the URI ${text} is read as RFC 3261 §19.1 says`, () => {
    const read = parseUri(text);
    assert.deepEqual(read, { ok: true, value: expected });
    const again = parseUri(formatUri(expected));
    assert.deepEqual(again, read);
  });
}

const refused: readonly (readonly [string, string])[] = [
  ['', 'empty'],
  ['sip:', 'no host'],
  ['example.com', 'no scheme'],
  ['http://example.com', 'other scheme'],
  ['sip:@example.com', 'empty user'],
  ['sip:a@b@example.com', 'two @'],
  ['sip:bob @example.com', 'space in user'],
  ['sip:b%4@example.com', 'broken escape'],
  ['sip:b%zz@example.com', 'escape without digits'],
  ['sip:bob@', 'no host after @'],
  ['sip:exa mple.com', 'space in host'],
  ['sip:a..b', 'empty label'],
  ['sip:2001:db8::10', 'IPv6 without brackets'],
  ['sip:[2001:db8::1', 'bracket not closed'],
  ['sip:[2001:db8::1::2]', 'two gaps'],
  ['sip:[1:2:3:4:5:6:7:8:9]', 'nine groups'],
  ['sip:[2001:db8:::1]', 'three colons without IPv4 tail'],
  ['sip:[fe80::1%eth0]', 'zone'],
  ['sip:256.1.1.1', 'IPv4 out of range'],
  ['sip:192.0.2.01', 'IPv4 with leading zero'],
  ['sip:example.com:', 'empty port'],
  ['sip:example.com:0', 'port 0'],
  ['sip:example.com:65536', 'port out of range'],
  ['sip:example.com:5060x', 'letters in port'],
  ['sip:example.com;', 'empty parameter'],
  ['sip:example.com;;lr', 'empty parameter between'],
  ['sip:example.com;lr;LR', 'parameter twice'],
  ['sip:example.com;a=', 'empty value'],
  ['sip:example.com;a="b"', 'quotes'],
  ['sip:example.com?', 'empty headers'],
  ['sip:example.com>', 'angle bracket'],
  ['sip:example.com\r\nVia: x', 'line end'],
  ['tel:', 'no number'],
  ['tel:+', 'only plus'],
  ['tel:12x', 'letter beyond hexadecimal'],
];

for (const [text, why] of refused) {
  test(`the URI ${JSON.stringify(text)} is refused: ${why}`, () => {
    assert.equal(parseUri(text).ok, false);
  });
}

test('a tel URI loses its visual separators and keeps its parameters', () => {
  const read = parseUri('tel:+43-(1)-234.567;phone-context=example.com;ext=12');
  assert.deepEqual(read, {
    ok: true,
    value: {
      scheme: 'tel',
      number: '+431234567',
      params: new Map([
        ['phone-context', 'example.com'],
        ['ext', '12'],
      ]),
    },
  });
});

test('a user with delimiters is escaped, so that it stays a user', () => {
  const text = formatUri({ ...base, user: 'a@evil.example>\r\nVia: x' });
  assert.equal(text, 'sip:a%40evil.example%3E%0D%0AVia%3A%20x@example.com');
});

// RFC 3261 §19.1.4: its own examples and the rules they stand for.
const pairs: readonly (readonly [boolean, string, string])[] = [
  [true, 'sip:%61lice@atlanta.example;transport=TCP', 'sip:alice@AtlanTa.example;Transport=tcp'],
  [true, 'sip:carol@chicago.example', 'sip:carol@chicago.example;newparam=5'],
  [true, 'sip:carol@chicago.example;security=on', 'sip:carol@chicago.example;newparam=5'],
  [true, 'sip:b.example;transport=tcp;method=REGISTER?to=a', 'sip:b.example;method=REGISTER;transport=tcp?to=a'],
  [true, 'sip:a@a.example?subject=x&priority=y', 'sip:a@a.example?Priority=y&subject=x'],
  [false, 'SIP:ALICE@atlanta.example', 'sip:alice@atlanta.example'],
  [false, 'sip:bob@biloxi.example', 'sip:bob@biloxi.example:5060'],
  [false, 'sip:bob@biloxi.example', 'sip:bob@biloxi.example;transport=udp'],
  [false, 'sip:bob@biloxi.example', 'sip:bob@biloxi.example:6000;transport=tcp'],
  [false, 'sip:carol@chicago.example', 'sip:carol@chicago.example?subject=next'],
  [false, 'sip:bob@phone21.example', 'sip:bob@192.0.2.4'],
  [false, 'sip:bob@b.example', 'sips:bob@b.example'],
  [false, 'sip:bob@b.example', 'sip:bob:x@b.example'],
  [false, 'sip:b.example;security=on', 'sip:b.example;security=off'],
];

for (const [expected, one, other] of pairs) {
  test(`${one} and ${other} are ${expected ? 'the same' : 'different'}`, () => {
    assert.equal(sameUri(sip(one), sip(other)), expected);
    assert.equal(sameUri(sip(other), sip(one)), expected);
  });
}

function sip(text: string): SipUri {
  const read = parseUri(text);
  assert.ok(read.ok && read.value.scheme !== 'tel', text);
  return read.value;
}
