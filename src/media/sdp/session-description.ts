import { fail, ok, type Result } from '../../base/result/result.ts';

/** What one description may cost us; a text beyond any of these is refused whole. */
export interface SdpLimits {
  readonly maxOctets: number;
  readonly maxLines: number;
  readonly maxMedia: number;
}

export const defaultSdpLimits: SdpLimits = { maxOctets: 16_384, maxLines: 500, maxMedia: 16 };

/** `a=ptime:20` is type `a`, value `ptime:20`. */
export interface SdpLine {
  readonly type: string;
  readonly value: string;
}

/** One m-line with the lines that belong to it, in their order. */
export interface SdpMedia {
  readonly kind: string;
  readonly port: number;
  readonly protocol: string;
  readonly formats: readonly string[];
  /** Without the m-line itself. */
  readonly lines: readonly SdpLine[];
}

/**
 * A session description (RFC 8866) that keeps every line, known or not, in its order. Text is a binary string: one
 * character an octet.
 */
export interface Sdp {
  /** From `v=` to the line before the first m-line. */
  readonly session: readonly SdpLine[];
  readonly media: readonly SdpMedia[];
}

/**
 * Reads a session description with CRLF or LF line ends.
 * @returns the description, or a sentence that names the first wrong line.
 */
export function parseSdp(text: string, limits: SdpLimits = defaultSdpLimits): Result<Sdp, string> {
  if (text.length > limits.maxOctets) return fail(`longer than ${limits.maxOctets} octets`);
  const rows = text.split('\n', limits.maxLines + 2);
  if (rows.at(-1) === '') rows.pop();
  if (rows.length > limits.maxLines) return fail(`more than ${limits.maxLines} lines`);
  const lines: SdpLine[] = [];
  for (const [index, row] of rows.entries()) {
    const line = readLine(row);
    if (line === undefined) {
      // Some phones end a body with empty lines; inside it one is an error.
      if (rows.slice(index).every(isBlank)) break;
      return fail(`line ${index + 1} is not of the form 'x=value'`);
    }
    lines.push(line);
  }
  return assemble(lines, limits);
}

/** The value of the first `a=name:value` among the lines; '' for the bare flag `a=name`, undefined when there is none. */
export function attribute(lines: readonly SdpLine[], name: string): string | undefined {
  for (const line of lines) {
    if (attributeName(line) === name) return line.value.slice(name.length + 1);
  }
  return undefined;
}

/** The name of an attribute line, undefined for lines of another type. */
export function attributeName(line: SdpLine): string | undefined {
  if (line.type !== 'a') return undefined;
  const colon = line.value.indexOf(':');
  return colon === -1 ? line.value : line.value.slice(0, colon);
}

const lineForm = /^([a-z])=([^\0\r]*)\r?$/;

function readLine(row: string): SdpLine | undefined {
  const [, type, value] = lineForm.exec(row) ?? [];
  return type === undefined || value === undefined ? undefined : { type, value };
}

function isBlank(row: string): boolean {
  return row === '' || row === '\r';
}

function assemble(lines: readonly SdpLine[], limits: SdpLimits): Result<Sdp, string> {
  if (lines[0]?.type !== 'v' || lines[0].value.trim() !== '0') return fail(`line 1 is not 'v=0'`);
  if (lines[1]?.type !== 'o' || lines[1].value.trim().split(/ +/).length !== 6) {
    return fail(`line 2 is not an origin 'o=' of six fields`);
  }
  const session: SdpLine[] = [];
  const media: (SdpMedia & { readonly lines: SdpLine[] })[] = [];
  for (const [index, line] of lines.entries()) {
    if (line.type === 'm') {
      const opened = readMediaLine(line.value);
      if (opened === undefined) return fail(`line ${index + 1} is not a media line 'm=kind port protocol formats'`);
      if (media.length === limits.maxMedia) return fail(`line ${index + 1}: more than ${limits.maxMedia} media lines`);
      media.push(opened);
    } else if (line.type === 'c' && readConnection(line.value) === undefined) {
      return fail(`line ${index + 1} is not a connection line 'c=IN IP4 address'`);
    } else {
      (media.at(-1)?.lines ?? session).push(line);
    }
  }
  const unplaced = session.some(isConnection)
    ? -1
    : media.findIndex((m) => m.port !== 0 && !m.lines.some(isConnection));
  if (unplaced !== -1) return fail(`media line ${unplaced + 1} has no connection line 'c='`);
  // Kept for as long as its call: a list that has grown has room for sixteen.
  return ok({ session: [...session], media: media.map((one) => ({ ...one, lines: [...one.lines] })) });
}

function isConnection(line: SdpLine): boolean {
  return line.type === 'c';
}

const mediaForm = /^([A-Za-z0-9._-]+) +(\d{1,5})(?:\/\d{1,5})? +([A-Za-z0-9./_-]+)((?: +[^ ]+)+) *$/;

function readMediaLine(value: string): (SdpMedia & { readonly lines: SdpLine[] }) | undefined {
  const [, kind, port, protocol, formats] = mediaForm.exec(value) ?? [];
  if (kind === undefined || protocol === undefined || formats === undefined || Number(port) > 65_535) return undefined;
  return { kind, port: Number(port), protocol, formats: formats.trim().split(/ +/), lines: [] };
}

/** The address of `IN IP4 192.0.2.1/127`, without TTL and count. */
export function readConnection(value: string): string | undefined {
  return /^IN +IP[46] +([^ /]+)(?:\/\d+){0,2} *$/i.exec(value)?.[1];
}
