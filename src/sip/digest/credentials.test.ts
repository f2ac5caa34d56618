import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseCredentials } from './credentials.ts';

const response = '0123456789abcdef0123456789abcdef';
const base = `Digest username="alice", realm="example.com", nonce="n1", uri="sip:example.com", response="${response}"`;

describe('reading Authorization', () => {
  it('reads every parameter, in any order, case and spacing', () => {
    const parsed = parseCredentials(
      `DIGEST  NC=0000000A ,cnonce = "c,=1" , QOP=Auth,algorithm=md5,opaque="",Username="al\\"ice",realm="a\\\\b",` +
        `nonce="n\\1",uri="sip:example.com;x=1",response=${response},x-more=1`,
    );
    assert.deepEqual(parsed, {
      ok: true,
      value: {
        username: 'al"ice',
        realm: 'a\\b',
        nonce: 'n\\1',
        uri: 'sip:example.com;x=1',
        response,
        algorithm: 'MD5',
        opaque: '',
        qop: 'auth',
        cnonce: 'c,=1',
        nc: 10,
        ncText: '0000000A',
      },
    });
  });

  it('without qop there is no protection, whatever else is there', () => {
    const parsed = parseCredentials(`${base}, cnonce="c", nc=00000001`);
    assert.ok(parsed.ok);
    assert.equal(parsed.value.qop, undefined);
  });

  const refused: readonly { readonly name: string; readonly header: string }[] = [
    { name: 'nothing', header: '' },
    { name: 'another scheme', header: base.replace('Digest', 'Basic') },
    { name: 'a scheme that only begins so', header: base.replace('Digest ', 'Digestx ') },
    { name: 'a scheme without parameters', header: 'Digest   ' },
    { name: 'no username', header: base.replace('username', 'user') },
    { name: 'an empty username', header: base.replace('"alice"', '""') },
    { name: 'an encoded username', header: `${base}, username*=UTF-8''alice` },
    { name: 'a hashed username', header: `${base}, userhash=true` },
    { name: 'no realm', header: base.replace('realm', 'realmx') },
    { name: 'no nonce', header: base.replace('nonce', 'noncex') },
    { name: 'no uri', header: base.replace(' uri', ' urix') },
    { name: 'no response', header: base.replace('response', 'responsex') },
    { name: 'a short response', header: base.replace(response, response.slice(1)) },
    { name: 'a response that is not hex', header: base.replace(response, response.replace('0', 'g')) },
    { name: 'a response of the other length', header: `${base}, algorithm=SHA-256` },
    { name: 'an unknown algorithm', header: `${base}, algorithm=MD5-sess` },
    { name: 'an unknown qop', header: `${base}, qop=auth-conf, nc=00000001, cnonce="c"` },
    { name: 'qop without nc', header: `${base}, qop=auth, cnonce="c"` },
    { name: 'qop without cnonce', header: `${base}, qop=auth, nc=00000001` },
    { name: 'a short nc', header: `${base}, qop=auth, nc=1, cnonce="c"` },
    { name: 'an nc with a sign', header: `${base}, qop=auth, nc=-0000001, cnonce="c"` },
    { name: 'username twice', header: `${base}, username="bob"` },
    { name: 'username twice in other case', header: `${base}, USERNAME="bob"` },
    { name: 'an unknown parameter twice', header: `${base}, x=1, x=1` },
    { name: 'a name of Object.prototype twice', header: `${base}, constructor=1, constructor=1` },
    { name: 'an open quote', header: `${base}, opaque="abc` },
    { name: 'a quote that is escaped at the end', header: `${base}, opaque="abc\\"` },
    { name: 'text after a closing quote', header: `${base}, opaque="abc"def` },
    { name: 'no comma between two parameters', header: `${base} opaque="abc"` },
    { name: 'an empty parameter', header: base.replace(', realm', ',, realm') },
    { name: 'a comma at the end', header: `${base},` },
    { name: 'a parameter without a value', header: `${base}, opaque=` },
    { name: 'a parameter without a name', header: `${base}, ="x"` },
    { name: 'a name with a quote', header: `${base}, o"p=x` },
    { name: 'a control character', header: `${base}, opaque="a\0b"` },
    { name: 'a line break', header: `${base}, opaque="a\r\nb"` },
    { name: 'too many parameters', header: base + Array.from({ length: 30 }, (_, index) => `, x${index}=1`).join('') },
    { name: 'too long a header', header: `${base}, opaque="${'a'.repeat(3_000)}"` },
  ];
  for (const { name, header } of refused) {
    it(`refuses ${name}`, () => assert.equal(parseCredentials(header).ok, false));
  }

  it('never throws, whatever comes', () => {
    const piece = fc.oneof(fc.string(), fc.constantFrom('"', '\\', ',', '=', ' ', 'nonce="', 'Digest ', base));
    fc.assert(
      fc.property(fc.array(piece), (pieces) => typeof parseCredentials(`Digest ${pieces.join('')}`).ok === 'boolean'),
    );
  });
});
