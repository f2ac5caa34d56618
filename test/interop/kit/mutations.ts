import type { Random } from '../../../src/base/random/random.ts';

const oddValues = [
  '',
  ' ',
  '<',
  '<>',
  '"',
  '";"<',
  ';',
  ';;=;',
  ',',
  ',,,',
  '%',
  '%zz',
  '*',
  '@',
  'sip:',
  '<sip:>',
  '<sip:@>;tag=',
  '<sip:a@b',
  '-1',
  '0',
  '4294967296',
  '99999999999999999999999999',
  '1 ',
  ' INVITE',
  '1 ACK ACK',
  'SIP/2.0/UDP',
  'SIP/2.0/UDP ;branch=',
  'SIP/2.0/UDP [::1]:99999;branch=z9hG4bK',
  'Digest',
  'Digest ,',
  'Digest username="',
  'Digest nonce=,response=,nc=zz',
  '\0',
  '\xff\xfe',
  '(((((((((',
  'a'.repeat(3000),
  ';tag='.repeat(300),
  '<sip:a@b>,'.repeat(200),
];

/** One SIP message with one to three faults in it, such as a header that is empty, odd, doubled, moved or gone. */
export function damaged(message: string, random: Random): Buffer {
  let text = message;
  for (let left = 1 + random.below(3); left > 0; left--) text = damagedOnce(text, random);
  const octets = Buffer.from(text, 'latin1');
  if (random.below(10) === 0) return octets.subarray(0, random.below(octets.length + 1));
  if (random.below(10) === 0 && octets.length > 0) octets[random.below(octets.length)] = random.below(256);
  return octets;
}

function damagedOnce(text: string, random: Random): string {
  const lines = text.split('\r\n');
  const at = random.below(lines.length);
  const line = lines[at] ?? '';
  const colon = line.indexOf(':');
  const odd = oddValues[random.below(oddValues.length)] ?? '';
  switch (random.below(6)) {
    case 0:
      lines[at] = colon > 0 ? `${line.slice(0, colon)}: ${odd}` : odd;
      break;
    case 1:
      lines.splice(at, 1);
      break;
    case 2:
      lines.splice(at, 0, line);
      break;
    case 3:
      lines.splice(random.below(lines.length), 0, ...lines.splice(at, 1));
      break;
    case 4:
      lines[at] = line.slice(0, random.below(line.length + 1));
      break;
    default:
      lines[at] = line.slice(0, random.below(line.length + 1)) + odd + line.slice(random.below(line.length + 1));
  }
  return lines.join('\r\n');
}
