import { readdirSync, readFileSync } from 'node:fs';

/** What the parser owes a vector. A refused request is answered when its Via tells whom to answer. */
export type Expected =
  | { readonly outcome: 'request' | 'response' }
  | { readonly outcome: 'refused'; readonly status: number; readonly isAnswered: boolean };

export interface Vector {
  readonly file: string;
  readonly expected: Expected;
  /** RFC section and what the message is about. */
  readonly why: string;
}

const request: Expected = { outcome: 'request' };
const response: Expected = { outcome: 'response' };
const answered: Expected = { outcome: 'refused', status: 400, isAnswered: true };
const dropped: Expected = { outcome: 'refused', status: 400, isAnswered: false };

function vector(file: string, expected: Expected, why: string): Vector {
  return { file, expected, why };
}

export const rfc4475: readonly Vector[] = [
  vector('wsinv.dat', request, '§3.1.1.1 folding and white space wherever the grammar allows it'),
  vector('intmeth.dat', request, '§3.1.1.2 unusual octets where they are allowed, quoted control octets too'),
  vector('esc01.dat', request, '§3.1.1.3 escapes in URIs'),
  vector('escnull.dat', request, '§3.1.1.4 escaped NUL in URIs'),
  vector('esc02.dat', request, '§3.1.1.5 percent signs that are no escapes'),
  vector('lwsdisp.dat', request, '§3.1.1.6 no space between display name and <'),
  vector('longreq.dat', request, '§3.1.1.7 long values, many Vias'),
  vector('dblreq.dat', request, '§3.1.1.8 octets behind Content-Length are ignored in a datagram'),
  vector('semiuri.dat', request, '§3.1.1.9 semicolon in the user part'),
  vector('transports.dat', request, '§3.1.1.10 unknown transports in Via'),
  vector('mpart01.dat', request, '§3.1.1.11 binary body'),
  vector('unreason.dat', response, '§3.1.1.12 UTF-8 in the reason phrase'),
  vector('noreason.dat', response, '§3.1.1.13 empty reason phrase'),
  vector('badinv01.dat', dropped, '§3.1.2.1 separators without parameters; its Via cannot be read either'),
  vector('clerr.dat', answered, '§3.1.2.2 Content-Length larger than the datagram'),
  vector('ncl.dat', answered, '§3.1.2.3 negative Content-Length'),
  vector('scalar02.dat', answered, '§3.1.2.4 numbers beyond every range in a request'),
  vector('scalarlg.dat', dropped, '§3.1.2.5 numbers beyond every range in a response'),
  vector('quotbal.dat', answered, '§3.1.2.6 display name with one quote'),
  vector('ltgtruri.dat', answered, '§3.1.2.7 Request-URI in angle brackets'),
  vector('lwsruri.dat', answered, '§3.1.2.8 white space in the Request-URI'),
  vector('lwsstart.dat', answered, '§3.1.2.9 several spaces in the request line'),
  vector('trws.dat', answered, '§3.1.2.10 spaces at the end of the request line'),
  vector('escruri.dat', answered, '§3.1.2.11 headers in the Request-URI'),
  vector('baddate.dat', request, '§3.1.2.12 a Date in another zone than GMT is nobody’s business here'),
  vector('regbadct.dat', request, '§3.1.2.13 Contact that needs angle brackets: refused by whoever reads Contact'),
  vector('badaspec.dat', answered, '§3.1.2.14 spaces within <>'),
  vector('baddn.dat', answered, '§3.1.2.15 comma in an unquoted display name'),
  vector('badvers.dat', { outcome: 'refused', status: 505, isAnswered: true }, '§3.1.2.16 unknown version'),
  vector('mismatch01.dat', answered, '§3.1.2.17 CSeq of another method'),
  vector('mismatch02.dat', answered, '§3.1.2.18 CSeq of another method than an unknown one'),
  vector('bigcode.dat', dropped, '§3.1.2.19 status code beyond every range'),
  vector('badbranch.dat', request, '§3.2.1 branch that is the magic cookie alone: the transaction layer decides'),
  vector('insuf.dat', answered, '§3.3.1 Call-ID, From and To are missing: ideally a 400'),
  vector('unkscm.dat', request, '§3.3.2 unknown URI scheme: 416 is the user agent’s'),
  vector('novelsc.dat', request, '§3.3.3 known scheme that is not SIP’s: 416 is the user agent’s'),
  vector('unksm2.dat', request, '§3.3.4 unknown schemes in headers'),
  vector('bext01.dat', request, '§3.3.5 unknown extensions required: 420 is the user agent’s'),
  vector('invut.dat', request, '§3.3.6 unknown content type: 415 is the user agent’s'),
  vector('regaut01.dat', request, '§3.3.7 unknown authorization scheme'),
  vector('multi01.dat', answered, '§3.3.8 headers twice that must come once'),
  vector('mcl01.dat', answered, '§3.3.9 two Content-Lengths'),
  vector('bcast.dat', response, '§3.3.10 response with a foreign Via below ours'),
  vector('zeromf.dat', request, '§3.3.11 Max-Forwards 0: 483 is for who forwards'),
  vector('cparam01.dat', request, '§3.3.12 parameter behind a Contact without angle brackets'),
  vector('cparam02.dat', request, '§3.3.13 parameter inside the Contact URI'),
  vector('regescrt.dat', request, '§3.3.14 escaped header in a Contact URI'),
  vector('sdp01.dat', request, '§3.3.15 Accept without SDP'),
  vector('inv2543.dat', request, '§3.4.1 RFC 2543: no branch, no tag, no Max-Forwards, no Content-Length'),
  vector('test.dat', dropped, 'not in the text: no version, no Via'),
];

export const rfc5118: readonly Vector[] = [
  vector('ipv6-good', request, '§4.1 Request-URI with brackets'),
  vector('ipv6-bad', answered, '§4.2 Request-URI without brackets'),
  vector('port-ambiguous', request, '§4.3 port inside the brackets is part of the address'),
  vector('port-unambiguous', request, '§4.4 port behind the brackets'),
  vector('via-received-param-with-delim', request, '§4.5 received with brackets'),
  vector('via-received-param-no-delim', request, '§4.5 received without brackets'),
  vector('ipv6-in-sdp', request, '§4.6 IPv6 in SDP'),
  vector('mult-ip-in-header', request, '§4.7 both families in Vias'),
  vector('mult-ip-in-sdp', request, '§4.8 both families in SDP'),
  vector('ipv4-mapped-ipv6', request, '§4.9 mapped addresses'),
  vector('ipv6-bug-abnf-3-colons', request, '§4.10 three colons, of an old grammar'),
  vector('ipv6-correct-abnf-2-colons', request, '§4.10 two colons before an IPv4 tail'),
];

/** The files that lie in a folder of vectors, so that none is left out of its table. */
export function vectorFiles(folder: 'rfc4475' | 'rfc5118'): string[] {
  return readdirSync(new URL(`${folder}/`, import.meta.url)).toSorted();
}

/** A message of RFC 4475, one character for each octet. */
export function readRfc4475(file: string): string {
  return readFileSync(new URL(`rfc4475/${file}`, import.meta.url)).toString('latin1');
}

/** A message of RFC 5118 with CRLFs, a blank line and the Content-Length that its body has. */
export function readRfc5118(file: string): string {
  const lines = readFileSync(new URL(`rfc5118/${file}`, import.meta.url))
    .toString('latin1')
    .replaceAll('\n', '\r\n');
  const headEnd = lines.indexOf('\r\n\r\n');
  if (headEnd < 0) return `${lines}\r\n`;
  const body = lines.slice(headEnd + 4);
  const head = lines.slice(0, headEnd).replace(/Content-Length: \d+/u, `Content-Length: ${body.length}`);
  return `${head}\r\n\r\n${body}`;
}
