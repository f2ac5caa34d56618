import { fail, ok, type Result } from '../../base/result/result.ts';
import { bracketed } from '../../base/net/endpoint.ts';
import { readIpv6, scanHost, scanPort } from './host.ts';
import { parseDigits } from './octets.ts';
import { formatParam, scanParams } from './params.ts';
import { colon, comma, Scanner, slash } from './scanner.ts';

/** One Via entry (RFC 3261 §20.42). */
export interface Via {
  /** As in the header, in upper case: `UDP`, `TCP`, `TLS`, ... */
  readonly transport: string;
  /** sent-by: lower case, IPv6 without brackets. */
  readonly host: string;
  readonly port: number | undefined;
  /** '' when there is none (RFC 2543). */
  readonly branch: string;
  /** Address without brackets. */
  readonly received?: string | undefined;
  /** '' when the client asks for it, a port when it was answered (RFC 3581). */
  readonly rport?: number | '' | undefined;
  /** All parameters as they stand, those above too; names in lower case. */
  readonly params: ReadonlyMap<string, string>;
}

const maxVias = 128;

/** Reads the first Via of a value; others may follow it behind commas. */
export function parseVia(value: string): Result<Via, string> {
  const scanner = new Scanner(value);
  const via = scanVia(scanner);
  return via === undefined ? fail(scanner.error) : ok(via);
}

/** Reads all Vias of all lines, top first; at most 128. */
export function parseViaList(values: readonly string[]): Result<Via[], string> {
  const vias: Via[] = [];
  for (const value of values) {
    const scanner = new Scanner(value);
    do {
      const via = scanVia(scanner);
      if (via === undefined) return fail(scanner.error);
      if (vias.length >= maxVias) return fail('too many Vias');
      vias.push(via);
    } while (scanner.separator(comma));
  }
  return ok(vias);
}

/** Reads one Via; stops behind it, at a comma or the end. */
export function scanVia(scanner: Scanner): Via | undefined {
  const transport = scanProtocol(scanner);
  if (transport === undefined) return undefined;
  const host = scanHost(scanner);
  if (host === undefined) return undefined;
  let port: number | undefined;
  if (scanner.separator(colon)) {
    port = scanPort(scanner);
    if (port === undefined) return undefined;
  }
  const params = scanParams(scanner);
  if (params === undefined) return undefined;
  if (!scanner.atEnd() && scanner.code() !== comma) return scanner.fail('octets after the Via');
  return withNamedParams(scanner, transport, host, port, params);
}

/** `SIP/2.0/UDP `, white space allowed around the slashes. The version is not judged: the start line's is. */
function scanProtocol(scanner: Scanner): string | undefined {
  scanner.skipSpace();
  const { text } = scanner;
  const start = scanner.pos;
  if (text.startsWith('SIP/2.0/UDP ', start) || text.startsWith('SIP/2.0/TCP ', start)) {
    scanner.pos = start + 12;
    scanner.skipSpace();
    return text.charCodeAt(start + 8) === 0x55 ? 'UDP' : 'TCP';
  }
  if (scanner.lowerToken() !== 'sip' || !scanner.separator(slash)) return scanner.fail('bad protocol');
  if (scanner.token() === '' || !scanner.separator(slash)) return scanner.fail('bad protocol');
  const transport = scanner.token().toUpperCase();
  const afterTransport = scanner.pos;
  scanner.skipSpace();
  return transport === '' || scanner.pos === afterTransport ? scanner.fail('bad transport') : transport;
}

function withNamedParams(
  scanner: Scanner,
  transport: string,
  host: string,
  port: number | undefined,
  params: ReadonlyMap<string, string>,
): Via | undefined {
  const rportText = params.get('rport');
  let rport: number | '' | undefined;
  if (rportText !== undefined) {
    rport = rportText === '' ? '' : parseDigits(rportText, 0, rportText.length, 65_535);
    if (rport === -1) return scanner.fail('bad rport');
  }
  const receivedText = params.get('received');
  const received = receivedText === undefined ? undefined : withoutBrackets(receivedText);
  return { transport, host, port, branch: params.get('branch') ?? '', received, rport, params };
}

// RFC 5118 §4.5: IPv6 in `received` comes with and without brackets.
function withoutBrackets(address: string): string {
  return address.startsWith('[') && address.endsWith(']') ? (readIpv6(address.slice(1, -1)) ?? address) : address;
}

/** The Via as text. Branch, received and rport are those of the fields, whatever `params` says of them. */
export function formatVia(via: Via): string {
  const port = via.port === undefined ? '' : `:${via.port}`;
  let text = `SIP/2.0/${via.transport} ${bracketed(via.host)}${port}`;
  if (via.branch !== '') text += formatParam('branch', via.branch);
  if (via.received !== undefined) text += formatParam('received', via.received);
  if (via.rport !== undefined) text += formatParam('rport', `${via.rport}`);
  for (const [name, value] of via.params) {
    if (name !== 'branch' && name !== 'received' && name !== 'rport') text += formatParam(name, value);
  }
  return text;
}
