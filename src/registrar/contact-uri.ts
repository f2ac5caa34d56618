import { type NameAddr, parseUri } from '../sip/message/index.ts';

/** A contact of a REGISTER: the URI as it may stand in a Request-URI, and the header's parameters. */
export type AskedContact = Pick<NameAddr, 'uri' | 'params'>;

/** @returns undefined for a contact whose URI is none. */
export function askedContact({ uri, params }: NameAddr): AskedContact | undefined {
  const bound = bindingUri(uri);
  return bound === undefined ? undefined : { uri: bound, params };
}

/**
 * The URI of a registered contact as it may stand in a Request-URI: without headers and without `method`, which are
 * not allowed there (RFC 3261 §19.1.5) and would write into our requests. All else stays as the phone wrote it, octet
 * for octet, since phones look for their own words.
 * @returns undefined for what is no URI.
 */
export function bindingUri(uri: string): string | undefined {
  const parsed = parseUri(uri);
  if (!parsed.ok) return undefined;
  // An unescaped @ stands only between user and host, and a user may hold `;` and `?`.
  const hostStart = uri.indexOf('@') + 1;
  const isPlain = uri.indexOf(';', hostStart) < 0 && uri.indexOf('?', hostStart) < 0;
  if (isPlain || parsed.value.scheme === 'tel') return uri;
  const [address = ''] = uri.slice(hostStart).split('?', 1);
  const [hostPort, ...params] = address.split(';');
  const kept = params.filter((param) => !isMethod(param));
  return uri.slice(0, hostStart) + [hostPort, ...kept].join(';');
}

/** Parameter names may be escaped and are compared without case (RFC 3261 §19.1.4). */
function isMethod(param: string): boolean {
  const [name = ''] = param.split('=', 1);
  const plain = name.replace(/%([0-9A-Fa-f]{2})/g, (_whole, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return plain.toLowerCase() === 'method';
}
