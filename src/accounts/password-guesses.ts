import { commonPasswords } from './common-passwords.ts';

const ascendingDigits = '01234567890';
const endings = ['', '1', '12', '123', '1234', '12345', '!', '0', '00', '01', '2', '2024', '2025', '2026'];

/**
 * What a guesser tries first against this user: the name and its variants, runs of digits, every four-digit code, and
 * the common passwords with the usual endings. About 17,000 strings; a stored HA1 is compared with each of them.
 */
export function* weakPasswordCandidates(userName: string): Generator<string> {
  yield* nameVariants(userName);
  yield* digitRuns();
  for (const word of commonPasswords) {
    for (const ending of endings) yield `${word}${ending}`;
    yield capitalised(word);
    yield `${capitalised(word)}1`;
    yield `${capitalised(word)}123`;
    yield `${word}${userName}`;
    yield `${userName}${word}`;
  }
  for (let code = 0; code < 10_000; code++) yield String(code).padStart(4, '0');
}

/** Whether a guesser tries this password first; about a millisecond. */
export function isAmongFirstGuesses(password: string, userName: string): boolean {
  for (const candidate of weakPasswordCandidates(userName)) if (candidate === password) return true;
  return false;
}

function* nameVariants(userName: string): Generator<string> {
  const reversed = userName.split('').reverse().join('');
  for (const base of new Set([userName, userName.toLowerCase(), userName.toUpperCase(), capitalised(userName)])) {
    for (const ending of endings) yield `${base}${ending}`;
    yield `${base}${base}`;
    yield `sip${base}`;
    yield `ext${base}`;
  }
  yield reversed;
  yield `${userName}${reversed}`;
}

function* digitRuns(): Generator<string> {
  yield '';
  for (let length = 1; length <= 10; length++) {
    for (let digit = 0; digit <= 9; digit++) yield String(digit).repeat(length);
    for (let start = 0; start + length <= ascendingDigits.length; start++) {
      const run = ascendingDigits.slice(start, start + length);
      yield run;
      yield run.split('').reverse().join('');
    }
  }
}

function capitalised(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
