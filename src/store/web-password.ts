import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import type { Secret } from '../base/log/secret.ts';

const argon2Async = promisify(argon2);

/** argon2id with 19 MiB, two passes, one lane: the smaller set of figures that OWASP recommends. */
const cost = { memory: 19_456, passes: 2, parallelism: 1 } as const;
const tagLength = 32;
const saltBytes = 16;

/** The password's hash as a PHC string: `$argon2id$v=19$m=19456,t=2,p=1$salt$tag`. */
export async function hashWebPassword(password: Secret<string>): Promise<string> {
  const salt = randomBytes(saltBytes);
  const tag = await argon2Async('argon2id', { message: password.reveal(), nonce: salt, tagLength, ...cost });
  const { memory, passes, parallelism } = cost;
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${phcBase64(salt)}$${phcBase64(tag)}`;
}

/** Whether the password made this hash. Against `undefined`, an account without one, it takes as long and is false. */
export async function verifyWebPassword(password: Secret<string>, hash: string | undefined): Promise<boolean> {
  const match = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([\w+/]+)\$([\w+/]+)$/.exec(hash ?? '');
  if (match === null) {
    await hashWebPassword(password);
    return false;
  }
  const expected = Buffer.from(match[5] ?? '', 'base64');
  const tag = await argon2Async('argon2id', {
    message: password.reveal(),
    nonce: Buffer.from(match[4] ?? '', 'base64'),
    memory: Number(match[1]),
    passes: Number(match[2]),
    parallelism: Number(match[3]),
    tagLength: expected.length,
  });
  return timingSafeEqual(tag, expected);
}

function phcBase64(octets: Buffer): string {
  return octets.toString('base64').replaceAll('=', '');
}
