import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SecretBox } from '../accounts/ports.ts';
import { Secret } from '../base/log/secret.ts';
import { writeWhole } from '../base/files/whole-file.ts';

interface SealKey {
  /** Names the key in what it sealed. */
  readonly id: string;
  readonly key: Buffer;
  readonly madeAt: string;
}

const cipher = 'aes-256-gcm';
const nonceBytes = 12;
const tagBytes = 16;

/** The keys of a data folder: `keys.json`, readable by its owner only. The newest seals, all of them open. */
export class KeyRing implements SecretBox {
  #keys: readonly SealKey[];
  readonly #path: string;

  private constructor(path: string, keys: readonly SealKey[]) {
    this.#path = path;
    this.#keys = keys;
  }

  /** Reads the keys, or makes the first one where the folder has none and `create` allows it. */
  static open(dataFolder: string, create: boolean, nowMs: number): KeyRing {
    const path = join(dataFolder, 'keys.json');
    if (existsSync(path)) return new KeyRing(path, parseKeys(readFileSync(path, 'utf8'), path));
    if (!create) {
      throw new Error(`${path} is missing: without it the passwords in the database cannot be read; restore it`);
    }
    const ring = new KeyRing(path, []);
    ring.addKey(nowMs);
    return ring;
  }

  get newestKeyId(): string {
    return this.#newest().id;
  }

  /** Makes a further key, which seals from now on; it is on disk before it is used. */
  addKey(nowMs: number): void {
    const made = { id: randomBytes(4).toString('hex'), key: randomBytes(32), madeAt: new Date(nowMs).toISOString() };
    this.#keep([...this.#keys, made]);
  }

  /** Forgets all keys but the newest: only after everything was sealed again. */
  dropOldKeys(): void {
    this.#keep([this.#newest()]);
  }

  seal(text: string, context: string): string {
    const { id, key } = this.#newest();
    const nonce = randomBytes(nonceBytes);
    const encryption = createCipheriv(cipher, key, nonce);
    encryption.setAAD(Buffer.from(context));
    const body = Buffer.concat([encryption.update(text, 'utf8'), encryption.final()]);
    return `${id}.${Buffer.concat([nonce, encryption.getAuthTag(), body]).toString('base64url')}`;
  }

  open(sealed: string, context: string): Secret<string> {
    const [id, body = ''] = sealed.split('.');
    const found = this.#keys.find((candidate) => candidate.id === id);
    if (found === undefined) throw new Error(`the key '${id}' of a stored secret is not in ${this.#path}`);
    const octets = Buffer.from(body, 'base64url');
    const decryption = createDecipheriv(cipher, found.key, octets.subarray(0, nonceBytes), { authTagLength: tagBytes });
    decryption.setAAD(Buffer.from(context));
    decryption.setAuthTag(octets.subarray(nonceBytes, nonceBytes + tagBytes));
    const text = Buffer.concat([decryption.update(octets.subarray(nonceBytes + tagBytes)), decryption.final()]);
    return new Secret(text.toString('utf8'));
  }

  #newest(): SealKey {
    const newest = this.#keys.at(-1);
    if (newest === undefined) throw new Error(`${this.#path} holds no key`);
    return newest;
  }

  #keep(keys: readonly SealKey[]): void {
    const listed = keys.map(({ id, key, madeAt }) => ({ id, key: key.toString('base64'), madeAt }));
    writeWhole(this.#path, `${JSON.stringify({ keys: listed }, undefined, 2)}\n`);
    this.#keys = keys;
  }
}

function parseKeys(text: string, path: string): SealKey[] {
  const document = parsed(text);
  if (!isKeyDocument(document)) throw new Error(`${path} is not a key file of this server; restore it from a copy`);
  return document.keys.map(({ id, key, madeAt }) => ({ id, key: Buffer.from(key, 'base64'), madeAt }));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

interface KeyDocument {
  readonly keys: readonly { readonly id: string; readonly key: string; readonly madeAt: string }[];
}

function isKeyDocument(value: unknown): value is KeyDocument {
  if (typeof value !== 'object' || value === null || !('keys' in value) || !Array.isArray(value.keys)) return false;
  return value.keys.length > 0 && value.keys.every(isKeyEntry);
}

function isKeyEntry(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || !('id' in value) || !('key' in value) || !('madeAt' in value)) {
    return false;
  }
  if (typeof value.id !== 'string' || typeof value.key !== 'string' || typeof value.madeAt !== 'string') return false;
  return Buffer.from(value.key, 'base64').length === 32;
}
