import type { Secret } from '../base/log/secret.ts';
import type { AuditEntry, StoreChange } from './change.ts';

/**
 * Reversible encryption of what has to be read again: HA1s, trunk passwords, tech prefixes. The sealed text names its
 * key, so that keys can be changed while the server runs. `context` binds it to its place: a sealed value that is
 * copied to another row does not open.
 */
export interface SecretBox {
  seal(text: string, context: string): string;
  /** Throws when the key is not there or the text was altered: the data folder is then not what we wrote. */
  open(sealed: string, context: string): Secret<string>;
}

/** Durable accounts. The promise resolves when all changes are on disk, and rejects when none is. */
export interface AccountStore {
  apply(changes: readonly StoreChange[], audit: readonly AuditEntry[]): Promise<void>;
}
