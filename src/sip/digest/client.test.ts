import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '../../../test/kit/seeded-random.ts';
import { Secret } from '../../base/log/secret.ts';
import { ha1 } from './algorithm.ts';
import { buildChallenges, parseChallenge } from './challenge.ts';
import { type AnswerInput, answerChallenge, offersSha256 } from './client.ts';
import { parseCredentials } from './credentials.ts';
import { verifyDigest } from './verify.ts';

const realm = 'carrier "one"';
const both = buildChallenges({ realm, nonce: 'n1', stale: false, algorithms: ['MD5', 'SHA-256'], qop: true });
const md5Only = buildChallenges({ realm, nonce: 'n1', stale: false, algorithms: ['MD5'], qop: true });

function inputOf(challenges: readonly string[], more: Partial<AnswerInput> = {}): AnswerInput {
  return {
    challenges,
    pinnedRealm: realm,
    username: 'JÄger',
    password: new Secret('geheim'),
    method: 'INVITE',
    uri: 'sip:+43123@carrier.example',
    random: seededRandom(1),
    ...more,
  };
}

describe('challenges', () => {
  it('SHA-256 comes first where both are offered, and each says what it is', () => {
    assert.deepEqual(both, [
      'Digest realm="carrier \\"one\\"", nonce="n1", algorithm=SHA-256, qop="auth"',
      'Digest realm="carrier \\"one\\"", nonce="n1", algorithm=MD5, qop="auth"',
    ]);
  });

  it('a stale one says so, and reads back as it was made', () => {
    const [value = ''] = buildChallenges({ realm, nonce: 'n2', stale: true, algorithms: ['MD5'], qop: true });
    assert.deepEqual(parseChallenge(value), {
      ok: true,
      value: { realm, nonce: 'n2', algorithm: 'MD5', stale: true, offersAuth: true, opaque: undefined },
    });
  });
});

describe('answering a challenge', () => {
  for (const { challenges, algorithm } of [
    { challenges: both, algorithm: 'SHA-256' },
    { challenges: md5Only, algorithm: 'MD5' },
    { challenges: ['Digest realm="carrier \\"one\\"", nonce="n1", opaque="o"'], algorithm: 'MD5' },
  ] as const) {
    it(`the answer to ${challenges[0]} is accepted by our own check`, () => {
      const answer = answerChallenge(inputOf(challenges));
      assert.ok(answer.ok);
      const credentials = parseCredentials(answer.value);
      assert.ok(credentials.ok);
      assert.equal(credentials.value.algorithm, algorithm);
      assert.equal(credentials.value.qop === undefined, !challenges[0]?.includes('qop'));
      assert.equal(Buffer.from(credentials.value.username, 'latin1').toString(), 'JÄger');
      const secret = ha1('JÄger', realm, 'geheim', algorithm);
      assert.equal(verifyDigest(credentials.value, secret, 'INVITE', ''), true);
    });
  }

  const refused: readonly { readonly name: string; readonly input: AnswerInput; readonly error: string }[] = [
    { name: 'no challenge', input: inputOf([]), error: 'no-challenge' },
    {
      name: 'a realm that is not the pinned one',
      input: inputOf(both, { pinnedRealm: 'other' }),
      error: 'wrong-realm',
    },
    {
      name: 'an algorithm that we do not have',
      input: inputOf([`Digest realm="${realm}", nonce="n", algorithm=SHA-512-256`]),
      error: 'no-usable-algorithm',
    },
    { name: 'another scheme', input: inputOf(['Basic realm="x"']), error: 'no-usable-algorithm' },
    {
      name: 'only auth-int',
      input: inputOf(['Digest realm="x", nonce="n", qop="auth-int"']),
      error: 'no-usable-algorithm',
    },
    {
      name: 'MD5 alone from a peer that has offered SHA-256 before',
      input: inputOf(md5Only, { requireSha256: true }),
      error: 'downgrade',
    },
  ];
  for (const { name, input, error } of refused) {
    it(`${name} gets no answer`, () => assert.deepEqual(answerChallenge(input), { ok: false, error }));
  }

  it('tells that SHA-256 is offered, so that it can be held to', () => {
    assert.equal(offersSha256(both, realm), true);
    assert.equal(offersSha256(md5Only, realm), false);
    assert.equal(offersSha256(both, 'other'), false);
  });

  it('counts the uses of one nonce', () => {
    const answer = answerChallenge(inputOf(md5Only, { nonceCount: 18 }));
    assert.ok(answer.ok);
    assert.match(answer.value, /, nc=00000012$/);
  });

  it('the password is nowhere in the answer', () => {
    const answer = answerChallenge(inputOf(both));
    assert.equal(JSON.stringify(answer).includes('geheim'), false);
  });
});
