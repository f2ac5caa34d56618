import {
  type DnsAnswer,
  type DnsRecord,
  type DnsSource,
  foldName,
  type RecordType,
} from '../../src/sip/resolve/records.ts';

type Entry = readonly DnsRecord[] | 'none' | 'failed';

/** Answers by a table, at once, for tests in virtual time. What the table does not have is not there. */
export class ScriptedDns implements DnsSource {
  readonly asked: string[] = [];
  ttlS = 60;
  readonly #table = new Map<string, Entry>();
  #held: PromiseWithResolvers<void> | undefined;

  /** `srv('_sip._udp.carrier.test', '10 60 5060 one.carrier.test', ...)` as a zone file has them. */
  srv(name: string, ...records: readonly string[]): this {
    return this.#put(
      'SRV',
      name,
      records.map((text) => {
        const [priority, weight, port, target = ''] = text.split(' ');
        return {
          type: 'SRV',
          priority: Number(priority),
          weight: Number(weight),
          port: Number(port),
          target: target === '.' ? '' : target,
        };
      }),
    );
  }

  naptr(name: string, ...records: readonly string[]): this {
    return this.#put(
      'NAPTR',
      name,
      records.map((text) => {
        const [order, preference, flags = '', service = '', replacement = ''] = text.split(' ');
        return { type: 'NAPTR', order: Number(order), preference: Number(preference), flags, service, replacement };
      }),
    );
  }

  a(name: string, ...addresses: readonly string[]): this {
    return this.#put(
      'A',
      name,
      addresses.map((address) => ({ type: 'A', address })),
    );
  }

  aaaa(name: string, ...addresses: readonly string[]): this {
    return this.#put(
      'AAAA',
      name,
      addresses.map((address) => ({ type: 'AAAA', address })),
    );
  }

  /** The server has no answer for this from now on. */
  fail(type: RecordType, name: string): this {
    this.#table.set(`${type} ${name}`, 'failed');
    return this;
  }

  remove(type: RecordType, name: string): this {
    this.#table.delete(`${type} ${name}`);
    return this;
  }

  /** No answer comes until `release`. */
  hold(): void {
    this.#held = Promise.withResolvers<void>();
  }

  release(): void {
    this.#held?.resolve();
    this.#held = undefined;
  }

  async ask(type: RecordType, name: string): Promise<DnsAnswer> {
    const key = `${type} ${foldName(name)}`;
    this.asked.push(key);
    if (this.#held !== undefined) await this.#held.promise;
    const entry = this.#table.get(key) ?? 'none';
    if (entry === 'failed') return { kind: 'failed', reason: 'scripted' };
    if (entry === 'none') return { kind: 'none', ttlS: this.ttlS };
    return { kind: 'records', records: entry, ttlS: this.ttlS };
  }

  #put(type: RecordType, name: string, records: readonly DnsRecord[]): this {
    this.#table.set(`${type} ${name}`, records);
    return this;
  }
}
