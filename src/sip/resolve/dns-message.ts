import { type Answer, type DecodedPacket, decode, encode, type Packet, RECURSION_DESIRED } from 'dns-packet';
import { type DnsAnswer, type DnsRecord, foldName, isAskable, type RecordType } from './records.ts';

/** Octets of a datagram that we take: what passes every path without fragments (DNS flag day 2020). */
const udpPayloadOctets = 1232;
/** RFC 2308 §5 wants an SOA beside every no; without one it is believed for this long. */
const defaultNegativeTtlS = 10;
const maxAliases = 8;
/** Records of one answer that are looked at. */
const maxRecords = 64;

export interface Question {
  readonly id: number;
  readonly type: RecordType;
  /** The name with the letter case that the answer has to repeat. */
  readonly name: string;
  /** Says how long a datagram we take (RFC 6891); servers that do not know it are asked again without. */
  readonly edns: boolean;
}

/** What a packet is to a question: nothing at all, one that has to be asked over TCP, elsewhere or on, or its answer. */
export type Reading =
  | { readonly kind: 'not ours' }
  | { readonly kind: 'truncated' }
  | { readonly kind: 'alias'; readonly name: string; readonly ttlS: number }
  | DnsAnswer;

export function writeQuery({ id, type, name, edns }: Question): Buffer {
  const packet: Packet = { type: 'query', id, flags: RECURSION_DESIRED, questions: [{ type, name, class: 'IN' }] };
  if (!edns) return encode(packet);
  const additionals: Answer[] = [
    {
      ...{ type: 'OPT', name: '.', udpPayloadSize: udpPayloadOctets, extendedRcode: 0, ednsVersion: 0 },
      ...{ flags: 0, flag_do: false, options: [] },
    },
  ];
  return encode({ ...packet, additionals });
}

/**
 * Reads a packet that came from the server asked. It counts only with our id, our question letter for letter, and as a
 * response; of its records only those that the question leads to (RFC 5452 §9).
 */
export function readAnswer(octets: Buffer, question: Question): Reading {
  if (octets.length < 12 || octets.readUInt16BE(0) !== question.id) return { kind: 'not ours' };
  let packet: DecodedPacket;
  try {
    packet = decode(octets);
  } catch {
    return isTruncated(octets) ? { kind: 'truncated' } : { kind: 'not ours' };
  }
  if (!packet.flag_qr || !repeats(packet, question)) return { kind: 'not ours' };
  if (packet.flag_tc) return { kind: 'truncated' };
  const rcode = octets.readUInt8(3) & 15;
  if (rcode === 0) return recordsOf(packet, question);
  if (rcode === 3) return { kind: 'none', ttlS: negativeTtlS(packet) };
  return { kind: 'failed', reason: rcodeNames[rcode] ?? `error ${rcode}` };
}

const rcodeNames: Readonly<Record<number, string>> = { 1: 'FORMERR', 2: 'SERVFAIL', 4: 'NOTIMP', 5: 'REFUSED' };

/** A datagram that was cut inside a record cannot be read, and still says that it was cut. */
function isTruncated(octets: Buffer): boolean {
  return (octets.readUInt8(2) & 0x82) === 0x82;
}

function repeats({ questions = [] }: DecodedPacket, { type, name }: Question): boolean {
  const [first] = questions;
  return questions.length === 1 && first?.type === type && first.class === 'IN' && first.name === name;
}

function recordsOf(packet: DecodedPacket, { type, name }: Question): Reading {
  const answers = (packet.answers ?? []).slice(0, maxRecords);
  let owner = foldName(name);
  let ttlS = Number.POSITIVE_INFINITY;
  for (let aliases = 0; aliases < maxAliases; aliases++) {
    const found = answers.filter((answer) => answer.type === type && isOf(answer, owner));
    if (found.length > 0) {
      const records = found.flatMap(recordOf);
      return { kind: 'records', records, ttlS: Math.min(ttlS, ...found.map(ttlOf)) };
    }
    const alias = answers.find((answer) => answer.type === 'CNAME' && isOf(answer, owner));
    if (alias?.type !== 'CNAME') break;
    owner = foldName(alias.data);
    ttlS = Math.min(ttlS, ttlOf(alias));
    if (!isAskable(owner)) return { kind: 'failed', reason: 'alias to a bad name' };
  }
  if (owner !== foldName(name)) return { kind: 'alias', name: owner, ttlS };
  return { kind: 'none', ttlS: negativeTtlS(packet) };
}

function isOf(answer: Answer, owner: string): boolean {
  return foldName(answer.name) === owner && 'class' in answer && answer.class === 'IN';
}

function ttlOf(answer: Answer): number {
  const ttlS = 'ttl' in answer ? (answer.ttl ?? 0) : 0;
  // RFC 2181 §8: a TTL with its highest bit set counts as 0.
  return ttlS > 0x7fff_ffff ? 0 : ttlS;
}

function negativeTtlS({ authorities = [] }: DecodedPacket): number {
  const soa = authorities.find((answer) => answer.type === 'SOA');
  return soa?.type === 'SOA' ? Math.min(ttlOf(soa), soa.data.minimum ?? 0) : defaultNegativeTtlS;
}

function recordOf(answer: Answer): DnsRecord[] {
  switch (answer.type) {
    case 'A':
    case 'AAAA':
      return [{ type: answer.type, address: answer.data }];
    case 'SRV': {
      const { priority = 0, weight = 0, port } = answer.data;
      const target = answer.data.target === '.' ? '' : foldName(answer.data.target);
      if (target !== '' && (!isAskable(target) || port === 0)) return [];
      return [{ type: 'SRV', priority, weight, port, target }];
    }
    case 'NAPTR': {
      const { order, preference, flags, services, replacement } = answer.data;
      const name = foldName(replacement);
      if (!isAskable(name)) return [];
      return [
        {
          type: 'NAPTR',
          order,
          preference,
          flags: flags.toLowerCase(),
          service: services.toUpperCase(),
          replacement: name,
        },
      ];
    }
    default:
      return [];
  }
}
