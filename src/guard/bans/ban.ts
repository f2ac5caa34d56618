import { splitPort } from '../../accounts/address-index.ts';

/**
 * What is done with who is listed: `ban` drops everything in silence; `shed` drops what proves nothing, but for a trickle
 * of challenges; `report` only says what would have been done, or that nothing was, and why; `allow` is never banned.
 */
export type BanAction = 'ban' | 'shed' | 'report' | 'allow';

/** What a ban is about. `user at address` refuses one user from one address, and nobody else there. */
export const banScopes = [
  'address',
  'prefix',
  'address and port',
  'user',
  'user at address',
  'caller number',
  'user agent',
] as const;

export type BanScope = (typeof banScopes)[number];

/** One entry of the list, as it is kept in the store and shown to operators. */
export interface Ban {
  /** `scope subject`: there is one entry for each. */
  readonly key: string;
  readonly action: BanAction;
  readonly scope: BanScope;
  /** `203.0.113.9`, `2001:db8::/64`, `203.0.113.9:5060`, `alice`, `alice from 203.0.113.9`, a number, a part of a name. */
  readonly subject: string;
  /** Key of the setting that holds the limit, `manual`, or `list` and its name. */
  readonly rule: string;
  /** What was seen, in words for the operator. */
  readonly reason: string;
  /** How it is known that the source is who it says: `nonce`, `connection`, `dialog`, `none`. */
  readonly evidence: string;
  /** How often this subject has been banned, this time included. */
  readonly count: number;
  /** `guard`, the name of an operator, or that of a list. */
  readonly by: string;
  /** UTC milliseconds. */
  readonly atMs: number;
  /** UTC milliseconds; undefined for one that ends only by an operator's word. */
  readonly untilMs: number | undefined;
}

/** What an entry is about, as far as its subject says. */
export interface BanPlace {
  readonly address?: string;
  readonly port?: number | undefined;
  readonly user?: string;
}

/** No account of ours has a longer name; a stranger's is cut, for it is kept. */
const longestUser = 64;
const between = ' from ';

/** The subject of an entry that stops one user at one address. What a stranger calls itself is cut, and shown safely. */
export function userAtAddress(user: string, address: string): string {
  const shown = user.slice(0, longestUser).replace(/[^\x20-\x7e]/g, (octet) => `%${octet.charCodeAt(0).toString(16)}`);
  return `${shown}${between}${address}`;
}

/** The parts of a subject; of a range its first address. */
export function placeOf({ scope, subject }: Pick<Ban, 'scope' | 'subject'>): BanPlace {
  switch (scope) {
    case 'address':
      return { address: subject };
    case 'prefix':
      return { address: subject.replace(/\/\d+$/, '') };
    case 'address and port': {
      const { host, port } = splitPort(subject);
      return { address: host, port };
    }
    case 'user at address': {
      const at = subject.lastIndexOf(between);
      return { user: subject.slice(0, at), address: subject.slice(at + between.length) };
    }
    case 'user':
      return { user: subject };
    case 'caller number':
    case 'user agent':
      return {};
  }
}

export function banKey(scope: BanScope, subject: string): string {
  return `${scope} ${subject}`;
}
