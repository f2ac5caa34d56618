/**
 * True when the digest-uri names the same user and host as the Request-URI. Port and parameters may differ, because
 * phones and what lies between them and us write them differently; the user and host are what an answer that was
 * lured out of a phone for another target would have to change.
 */
export function digestUriMatches(digestUri: string, requestUri: string): boolean {
  if (digestUri === requestUri) return true;
  const one = userAndHost(digestUri);
  const other = userAndHost(requestUri);
  if (one === undefined || other === undefined) return false;
  return one.user === other.user && one.host === other.host;
}

interface UserAndHost {
  readonly user: string;
  readonly host: string;
}

function userAndHost(uri: string): UserAndHost | undefined {
  const colon = uri.indexOf(':');
  const scheme = uri.slice(0, Math.max(colon, 0)).toLowerCase();
  if (scheme !== 'sip' && scheme !== 'sips') return undefined;
  const at = uri.indexOf('@', colon);
  // A second '@' can only be an attempt to make two readers see two hosts.
  if (at >= 0 && uri.indexOf('@', at + 1) >= 0) return undefined;
  const user = at < 0 ? '' : decodeUser(uri.slice(colon + 1, at));
  const host = hostOf(uri.slice(at < 0 ? colon + 1 : at + 1));
  return user === undefined || host === undefined ? undefined : { user, host };
}

/** Without the password, and with escapes read: `%61lice` is `alice` (RFC 3261 §19.1.4). */
function decodeUser(userinfo: string): string | undefined {
  const colon = userinfo.indexOf(':');
  const user = colon < 0 ? userinfo : userinfo.slice(0, colon);
  if (!user.includes('%')) return user;
  if (/%(?![0-9a-fA-F]{2})/.test(user)) return undefined;
  return user.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function hostOf(rest: string): string | undefined {
  const match = /^(\[[0-9a-fA-F:.]+\]|[^:;?[\]]+)(?::\d{1,5})?(?:[;?]|$)/.exec(rest);
  return match?.[1]?.toLowerCase();
}
