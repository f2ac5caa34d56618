import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HeaderList, SipRequest } from '../sip/message/index.ts';
import { type InputLevel, inputProblem, textProblem } from './validate-input.ts';

const levels: readonly InputLevel[] = [0, 1, 2, 3, 4, 5];

interface Given {
  readonly user?: string;
  readonly display?: string;
  readonly uri?: string;
  readonly agent?: string;
  readonly callId?: string;
}

function requestOf({ user = 'alice', display = '', uri = 'sip:bob@server.example', agent = '', callId = 'c' }: Given) {
  const shown = display === '' ? '' : `"${display}" `;
  const headers = new HeaderList()
    .append('via', 'SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1')
    .append('from', `${shown}<sip:${user}@server.example>;tag=1`)
    .append('to', '<sip:bob@server.example>')
    .append('call-id', callId)
    .append('cseq', '1 INVITE');
  if (agent !== '') headers.append('user-agent', agent);
  return new SipRequest('INVITE', uri, headers, '');
}

function octets(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** The lowest level that refuses each; 6 for what every level takes. */
const corpus: readonly (readonly [what: string, given: Given, refusedFrom: number])[] = [
  ['a number in E.164', { user: '+43664123456' }, 6],
  ['an extension', { user: '201' }, 6],
  ['a user name with dots and dashes', { user: 'anna.maria-2_b' }, 6],
  ['a display name in UTF-8', { display: octets('Jürgen Müller 李雷') }, 6],
  ["an apostrophe in a person's name", { display: "Siobhan O'Brien" }, 6],
  ['no user at all', { uri: 'sip:server.example' }, 6],
  ['a telephone number as tel', { uri: 'tel:+43-664-123456' }, 6],
  ['a short name of a phone', { agent: 'phone-3/1.2' }, 6],
  ['a name that ends like a comment of SQL', { agent: 'phone--' }, 2],
  ['a path without a point', { agent: '/etc/passwd' }, 4],
  ['a nicely named phone', { agent: 'Yealink SIP-T46S 66.86.0.15 (rev. B)' }, 6],
  ['a service code', { uri: 'sip:*21*0664123456%23@server.example' }, 5],
  ['a user name in another script', { user: encodeURIComponent('Юлия') }, 5],
  ['markup in a display name', { display: '<script>alert(1)</script>' }, 4],
  ['a path in a name of a device', { agent: '../../etc/passwd' }, 4],
  ['a user name with spaces', { user: 'a%20b' }, 3],
  ['a display name that turns the text round', { display: octets('anna‮gpj.exe') }, 3],
  ["SQL in a user name, 1' OR 1=1--", { user: "1'%20OR%201=1--" }, 2],
  ['SQL in a display name', { display: "x'; DROP TABLE accounts" }, 2],
  ['SQL in a called number', { uri: 'sip:1%20UNION%20SELECT%20password@server.example' }, 2],
  ['a zero octet', { user: 'a%00b' }, 1],
  ['a line end', { user: 'a%0d%0aX-Evil:%201' }, 1],
  ['octets that are no text', { user: 'a%ff%fe' }, 1],
  ['a very long user name', { user: 'a'.repeat(129) }, 1],
  ['a very long Call-ID', { callId: 'c'.repeat(600) }, 1],
];

describe('input of strangers', () => {
  for (const [what, given, refusedFrom] of corpus) {
    const says = refusedFrom > 5 ? 'is taken at every level' : `is refused from level ${refusedFrom} on`;
    test(`${what} ${says} [protocol.validateinput]`, () => {
      const refused = levels.filter((level) => inputProblem(requestOf(given), level) !== undefined);
      assert.deepEqual(
        refused,
        levels.filter((level) => level >= refusedFrom),
      );
    });
  }

  test('AUTH-5: a higher level never refuses less, and level 3 takes +43664123456 [protocol.validateinput]', () => {
    const counts = levels.map(
      (level) => corpus.filter(([, given]) => inputProblem(requestOf(given), level) !== undefined).length,
    );
    assert.deepEqual(
      counts,
      counts.toSorted((one, other) => one - other),
    );
    assert.equal(inputProblem(requestOf({ user: '+43664123456' }), 3), undefined);
  });

  test('the problem names its field, and never what was in it', () => {
    const found = inputProblem(requestOf({ user: "1'%20OR%201=1--" }), 3);
    assert.deepEqual(found, { field: 'From', problem: 'looks like SQL' });
  });

  test('what programs and operators give is held against the same rules [protocol.validateinput]', () => {
    assert.equal(textProblem('text', '<b>Sales</b>', 3), undefined);
    assert.equal(textProblem('text', '<b>Sales</b>', 4), 'looks like markup or a path');
    assert.equal(textProblem('text', 'Büro Süd', 5), undefined);
  });
});
