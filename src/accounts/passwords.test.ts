import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { seededRandom } from '../../test/kit/seeded-random.ts';
import { credentialFor, isGuessable, isPasswordOf } from './ha1.ts';
import { checkPassword, generatePassword, gradePassword } from './passwords.ts';

const owner = { userName: '201' };

test('[auth.password-strength-table] the five examples get the grades of the table', () => {
  const rows = [
    ['201', 'useless'],
    ['94993', 'poor'],
    ['holiday2', 'poor'],
    ['H883ksd3', 'good'],
    ['_eK5B2hwAN', 'great'],
  ] as const;
  for (const [password, grade] of rows) assert.equal(gradePassword(password, owner), grade, password);
});

test('words, names, runs and look-alike letters do not make a password good', () => {
  for (const password of [
    'Passw0rd!',
    'Asterisk2026',
    '201-201-A',
    'Abcdefgh1',
    'aaaaAAAA11',
    '12345678901',
    'P@$$w0rd1',
  ]) {
    assert.ok(['useless', 'poor'].includes(gradePassword(password, owner)), password);
  }
});

test('[auth.validatepassword] 2 refuses what the table calls useless or poor, and takes the rest', () => {
  const rules = { ...owner, minpwdlength: 4, validatepassword: 2 };
  for (const password of ['201', '94993', 'holiday2']) assert.equal(checkPassword(password, rules).ok, false, password);
  for (const password of ['H883ksd3', '_eK5B2hwAN']) assert.equal(checkPassword(password, rules).ok, true, password);
});

test('[auth.minpwdlength] with 4, three characters are refused and four pass', () => {
  const rules = { ...owner, minpwdlength: 4, validatepassword: 1 };
  assert.equal(checkPassword('abc', rules).ok, false);
  assert.equal(checkPassword('abcd', rules).ok, true);
});

test('a password equal to the user name is refused even when nothing is checked', () => {
  const rules = { userName: 'Alice', minpwdlength: 0, validatepassword: 0 };
  assert.equal(checkPassword('alice', rules).ok, false);
  assert.equal(checkPassword('x', rules).ok, true);
});

test('a refusal never repeats the password', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 6, maxLength: 200 }), (text) => {
      // A sign that no sentence of ours holds: 'length' alone is a password and a word.
      const password = `¤${text}`;
      const checked = checkPassword(password, { ...owner, minpwdlength: 12, validatepassword: 2 });
      assert.ok(checked.ok || !checked.error.includes(password));
    }),
  );
});

test('[auth.password-extension] generated passwords are 16 characters of three kinds, great, and never the same', () => {
  const random = seededRandom(7);
  const made = Array.from({ length: 500 }, () => generatePassword(random));
  assert.equal(new Set(made).size, 500);
  for (const password of made) {
    assert.match(password, /^(?=.*[a-z])(?=.*[A-Z])(?=.*[0-9])[^0O1lIo]{16}$/);
    assert.notEqual(gradePassword(password, owner), 'poor');
  }
});

test('[auth.enforcestrongauth] a stored HA1 of a guessable password is found out, one of a strong password is not', () => {
  const account = { id: 1, name: '201' };
  for (const password of ['1234', '201', '102', '201201', 'password', 'Summer123', 'asterisk1', '4711', '987654']) {
    assert.equal(isGuessable(credentialFor(account, 'r', password), '201'), true, password);
  }
  assert.equal(isGuessable(credentialFor(account, 'r', 'H883ksd3'), '201'), false);
});

test('HA1s are what RFC 7616 §3.9.1 computes for its example user', () => {
  // The user, realm and password of that section; its two HA1s follow from §3.4.2.
  const credential = credentialFor({ id: 1, name: 'Mufasa' }, 'http-auth@example.org', 'Circle of Life');
  assert.equal(credential.ha1Md5.reveal(), '3d78807defe7de2157e2b0b6573a855f');
  assert.equal(credential.ha1Sha256.reveal(), '7987c64c30e25f1b74be53f966b49b90f2808aa92faf9a00262392d7b4794232');
  assert.equal(isPasswordOf(credential, 'Mufasa', 'Circle of Life'), true);
  assert.equal(isPasswordOf(credential, 'Mufasa', 'circle of life'), false);
});
