import { octetIs } from './octets.ts';

/** The octets that `%41` and the like stand for (RFC 3261 §19.1.2); undefined when an escape is broken. */
export function unescapeOctets(text: string): string | undefined {
  let percent = text.indexOf('%');
  if (percent < 0) return text;
  let plain = '';
  let start = 0;
  while (percent >= 0) {
    const high = hexDigit(text.charCodeAt(percent + 1));
    const low = hexDigit(text.charCodeAt(percent + 2));
    if (high < 0 || low < 0) return undefined;
    plain += text.slice(start, percent) + String.fromCharCode(high * 16 + low);
    start = percent + 3;
    percent = text.indexOf('%', start);
  }
  return plain + text.slice(start);
}

/** Escapes every octet outside the class, and `%` itself. */
export function escapeOctets(plain: string, octetClass: number, alsoEscape = ''): string {
  let text = '';
  for (const octet of plain) {
    const code = octet.charCodeAt(0);
    const literal = octet !== '%' && octetIs(code, octetClass) && !alsoEscape.includes(octet);
    text += literal ? octet : `%${(code & 0xff).toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return text;
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
