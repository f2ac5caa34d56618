/** The few forms of ITU-T X.690 that a certificate is made of. */

const tag = { integer: 0x02, bitString: 0x03, octetString: 0x04, objectId: 0x06, utf8: 0x0c, utcTime: 0x17 } as const;
const generalizedTime = 0x18;
const constructedSequence = 0x30;
const constructedSet = 0x31;

/** An element with its length in the shortest form (X.690 §10.1). */
export function element(identifier: number, content: Buffer): Buffer {
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.from([identifier, length]), content]);
  const octets = Buffer.alloc(4);
  octets.writeUInt32BE(length);
  const significant = octets.subarray(octets.findIndex((octet) => octet !== 0));
  return Buffer.concat([Buffer.from([identifier, 0x80 | significant.length]), significant, content]);
}

export function sequence(...parts: readonly Buffer[]): Buffer {
  return element(constructedSequence, Buffer.concat(parts));
}

export function set(...parts: readonly Buffer[]): Buffer {
  return element(constructedSet, Buffer.concat(parts));
}

/** `[number]` around an element. */
export function explicit(number: number, content: Buffer): Buffer {
  return element(0xa0 | number, content);
}

/** `[number]` in place of an element's own tag. */
export function implicit(number: number, content: Buffer): Buffer {
  return element(0x80 | number, content);
}

/** A number that is not negative, most significant octet first. */
export function unsignedInteger(octets: Buffer): Buffer {
  const from = octets.findIndex((octet) => octet !== 0);
  const significant = from < 0 ? Buffer.from([0]) : octets.subarray(from);
  const isNegative = ((significant[0] ?? 0) & 0x80) !== 0;
  return element(tag.integer, isNegative ? Buffer.concat([Buffer.from([0]), significant]) : significant);
}

/** Whole octets; `unusedBits` of the last one do not count. */
export function bitString(octets: Buffer, unusedBits = 0): Buffer {
  return element(tag.bitString, Buffer.concat([Buffer.from([unusedBits]), octets]));
}

export function octetString(octets: Buffer): Buffer {
  return element(tag.octetString, octets);
}

export function utf8String(text: string): Buffer {
  return element(tag.utf8, Buffer.from(text, 'utf8'));
}

/** An object identifier in dotted form. */
export function objectId(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return element(tag.objectId, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

/** A time to the second: two digits of the year up to 2049, four from then on (RFC 5280 §4.1.2.5). */
export function time(ms: number): Buffer {
  const digits = new Date(ms)
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replace(/[-:T]/g, '');
  const isShort = new Date(ms).getUTCFullYear() < 2050;
  return element(isShort ? tag.utcTime : generalizedTime, Buffer.from(isShort ? digits.slice(2) : digits, 'latin1'));
}

function base128(value: number): number[] {
  const octets = [value & 0x7f];
  for (let left = value >>> 7; left > 0; left >>>= 7) octets.unshift(0x80 | (left & 0x7f));
  return octets;
}
