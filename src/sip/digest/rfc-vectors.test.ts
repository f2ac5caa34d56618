import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { ha1 } from './algorithm.ts';
import { parseCredentials } from './credentials.ts';
import { verifyDigest } from './verify.ts';

interface Vector {
  readonly name: string;
  readonly password: string;
  readonly method: string;
  readonly header: string;
}

const rfc7616 = (algorithm: string, response: string): string =>
  'Digest username="Mufasa", realm="http-auth@example.org", uri="/dir/index.html", ' +
  `algorithm=${algorithm}, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", nc=00000001, ` +
  'cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", qop=auth, ' +
  `response="${response}", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`;

const vectors: readonly Vector[] = [
  {
    name: 'RFC 7616 §3.9.1 with MD5',
    password: 'Circle of Life',
    method: 'GET',
    header: rfc7616('MD5', '8ca523f5e9506fed4657c9700eebdbec'),
  },
  {
    name: 'RFC 7616 §3.9.1 with SHA-256',
    password: 'Circle of Life',
    method: 'GET',
    header: rfc7616('SHA-256', '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1'),
  },
  {
    name: 'RFC 2617 §3.5',
    password: 'Circle Of Life',
    method: 'GET',
    header:
      'Digest username="Mufasa", realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", ' +
      'uri="/dir/index.html", qop=auth, nc=00000001, cnonce="0a4f113b", ' +
      'response="6629fae49393a05397450978507c4ef1", opaque="5ccc069c403ebaf9f0171e9517f40e41"',
  },
  {
    name: 'the same without qop, the form of RFC 2069',
    password: 'Circle Of Life',
    method: 'GET',
    header:
      'Digest username="Mufasa", realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", ' +
      'uri="/dir/index.html", response="670fd8c2df070c60b045671b8b24ff02"',
  },
];

describe('digest answers of the RFCs', () => {
  for (const { name, password, method, header } of vectors) {
    it(`${name}: the right password is accepted, and nothing else`, () => {
      const parsed = parseCredentials(header);
      assert.ok(parsed.ok);
      const { username, realm, algorithm } = parsed.value;
      const right = ha1(username, realm, password, algorithm);
      assert.equal(verifyDigest(parsed.value, right, method, ''), true);
      assert.equal(verifyDigest(parsed.value, right, 'INVITE', ''), false);
      assert.equal(verifyDigest(parsed.value, ha1(username, realm, 'guess', algorithm), method, ''), false);
      assert.equal(verifyDigest({ ...parsed.value, uri: '/other' }, right, method, ''), false);
      assert.equal(verifyDigest({ ...parsed.value, nonce: 'other' }, right, method, ''), false);
    });
  }

  it('an answer with auth-int holds for its body only', () => {
    const parsed = parseCredentials(
      'Digest username="a", realm="r", nonce="n", uri="sip:r", qop=auth-int, nc=00000001, cnonce="c", ' +
        'response="00000000000000000000000000000000"',
    );
    assert.ok(parsed.ok);
    const secret = ha1('a', 'r', 'p', 'MD5');
    const bodyHash = md5('v=0');
    const response = md5(`${secret}:n:00000001:c:auth-int:${md5(`INVITE:sip:r:${bodyHash}`)}`);
    const answer = { ...parsed.value, response };
    assert.equal(verifyDigest(answer, secret, 'INVITE', 'v=0'), true);
    assert.equal(verifyDigest(answer, secret, 'INVITE', 'v=1'), false);
  });

  it('octets above ASCII enter the hash as they were received', () => {
    const parsed = parseCredentials(
      'Digest username="a", realm="r", nonce="n", uri="sip:\xc3\xbc@r", response="00000000000000000000000000000000"',
    );
    assert.ok(parsed.ok);
    const secret = ha1('a', 'r', 'p', 'MD5');
    const response = md5(`${secret}:n:${md5('REGISTER:sip:ü@r')}`);
    assert.equal(verifyDigest({ ...parsed.value, response }, secret, 'REGISTER', ''), true);
  });
});

function md5(text: string): string {
  return createHash('md5').update(text, 'utf8').digest('hex');
}
