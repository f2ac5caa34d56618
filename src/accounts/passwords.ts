import type { Random } from '../base/random/random.ts';
import { fail, ok, type Result } from '../base/result/result.ts';
import { commonPasswords } from './common-passwords.ts';

export const passwordGrades = ['useless', 'poor', 'good', 'great'] as const;
export type PasswordGrade = (typeof passwordGrades)[number];

export interface PasswordOwner {
  readonly userName: string;
}

/** The two settings that say how a new password is checked. */
export interface PasswordRules {
  readonly minpwdlength: number;
  /** 0 nothing · 1 length · 2 length, and only good or great ones. */
  readonly validatepassword: number;
}

/**
 * How long a password would hold out, as the strength table has it [auth.password-strength-table]: useless is among the
 * first tries, poor falls to a dictionary, good needs luck, great does not fall to guessing over the network.
 */
export function gradePassword(password: string, owner: PasswordOwner): PasswordGrade {
  const folded = password.toLowerCase();
  if (isFirstTry(folded, owner.userName.toLowerCase())) return 'useless';
  const classes = characterClasses(password);
  const strength = effectiveLength(folded, owner.userName.toLowerCase());
  if (password.length < 8 || strength < 7) return 'poor';
  if (classes === 1 && strength < 16) return 'poor';
  if (classes === 2 && strength < 12) return 'poor';
  if (strength >= 16 || (strength >= 14 && classes >= 3) || (strength >= 10 && classes === 4)) return 'great';
  return 'good';
}

const maxPasswordLength = 128;

/**
 * Whether a new password may be set. Equal to the user's name it never may, whatever the settings say.
 * @returns the password, or a sentence that says what is wrong with it and how to mend it (it does not repeat it).
 */
export function checkPassword(password: string, owner: PasswordOwner & PasswordRules): Result<string, string> {
  if (password.length > maxPasswordLength) return fail(`is longer than ${maxPasswordLength} characters; shorten it`);
  if (/\p{Cc}/u.test(password)) return fail('holds control characters; use letters, digits and signs');
  if (password.toLowerCase() === owner.userName.toLowerCase()) return fail(`equals the user name; ${remedy}`);
  if (password === '') return fail(`is empty; ${remedy}`);
  if (owner.validatepassword === 0) return ok(password);
  if (password.length < owner.minpwdlength) {
    return fail(`has ${password.length} characters, minpwdlength asks for ${owner.minpwdlength}; ${remedy}`);
  }
  if (owner.validatepassword === 1) return ok(password);
  const grade = gradePassword(password, owner);
  if (grade === 'useless' || grade === 'poor') return fail(`is ${grade} (validatepassword 2); ${remedy}`);
  return ok(password);
}

const remedy = 'leave it out to have one generated, or mix capitals, small letters, digits and signs without words';

const generatedAlphabet = 'ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789';
const generatedLength = 16;

/** 16 capitals, small letters and digits (93 bits) without the look-alikes 0 O 1 l I o [auth.password-extension]. */
export function generatePassword(random: Random): string {
  for (;;) {
    const letters = Array.from({ length: generatedLength }, () => {
      return generatedAlphabet.charAt(random.below(generatedAlphabet.length));
    });
    const password = letters.join('');
    if (characterClasses(password) === 3) return password;
  }
}

function isFirstTry(folded: string, userName: string): boolean {
  if (folded.length < 4 || commonPasswords.has(folded) || new Set(folded).size === 1) return true;
  if (userName === '') return false;
  return [userName, userName + userName, userName.split('').reverse().join('')].includes(folded);
}

function characterClasses(password: string): number {
  return [/[a-z]/, /[A-Z]/, /[0-9]/, /[^a-zA-Z0-9]/].filter((kind) => kind.test(password)).length;
}

const lookAlikes: Readonly<Record<string, string>> = { '0': 'o', '1': 'l', '3': 'e', '4': 'a', '5': 's', '7': 't' };

/** Characters that a guesser does not get for free: a word, the user's name, a run or a repetition counts as one. */
function effectiveLength(folded: string, userName: string): number {
  let rest = folded;
  if (userName.length >= 3) rest = rest.replaceAll(userName, '*');
  const plain = rest.replace(/[013457@$]/g, (sign) => lookAlikes[sign] ?? (sign === '@' ? 'a' : 's'));
  const longest = longestCommonWord(rest) ?? longestCommonWord(plain);
  if (longest !== undefined) return rest.length - longest.length + 1;
  return rest.length - predictable(rest);
}

function longestCommonWord(text: string): string | undefined {
  for (let length = Math.min(text.length, 14); length >= 4; length--) {
    for (let start = 0; start + length <= text.length; start++) {
      const part = text.slice(start, start + length);
      if (commonPasswords.has(part)) return part;
    }
  }
  return undefined;
}

/** How many characters continue a run such as `1234`, `cba` or `aaaa`. */
function predictable(text: string): number {
  let count = 0;
  for (let at = 2; at < text.length; at++) {
    const step = text.charCodeAt(at) - text.charCodeAt(at - 1);
    if (Math.abs(step) <= 1 && step === text.charCodeAt(at - 1) - text.charCodeAt(at - 2)) count++;
  }
  return count;
}
