import { fail, ok, type Result } from '../../base/result/result.ts';
import { allOctetsAre, parseDigits, tokenOctet } from './octets.ts';

export interface CSeq {
  /** Below 2^31 (RFC 3261 §8.1.1.5). */
  readonly seq: number;
  readonly method: string;
}

const maxSeq = 0x7fff_ffff;

export function parseCSeq(value: string): Result<CSeq, string> {
  const cseq = readCSeq(value);
  return cseq === undefined ? fail('CSeq is no number below 2^31 and a method') : ok(cseq);
}

/** As `parseCSeq`, for the parser's hot path. */
export function readCSeq(value: string): CSeq | undefined {
  let digitsEnd = 0;
  while (digitsEnd < value.length && !isSpace(value.charCodeAt(digitsEnd))) digitsEnd++;
  let methodStart = digitsEnd;
  while (methodStart < value.length && isSpace(value.charCodeAt(methodStart))) methodStart++;
  const seq = parseDigits(value, 0, digitsEnd, maxSeq);
  if (seq < 0 || methodStart === value.length) return undefined;
  if (!allOctetsAre(value, methodStart, value.length, tokenOctet)) return undefined;
  return { seq, method: value.slice(methodStart) };
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
