import ipaddr from 'ipaddr.js';
import { type Prefix, parsePrefix } from '../base/net/prefix.ts';

/** The one spelling of an address: `::ffff:192.0.2.1` is `192.0.2.1`, IPv6 is in its short form. */
export function canonicalAddress(address: string): string {
  if (!address.includes(':') || !ipaddr.isValid(address)) return address;
  return ipaddr.process(address).toString();
}

/** `192.0.2.1:5060` or `[2001:db8::1]:5060` in its two parts; without a port, `port` is undefined. */
export function splitPort(text: string): { readonly host: string; readonly port: number | undefined } {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(text);
  if (match === null) return { host: text, port: undefined };
  return { host: match[1] ?? match[2] ?? '', port: match[3] === undefined ? undefined : Number(match[3]) };
}

interface RangeEntry<T> {
  readonly prefix: Prefix;
  readonly value: T;
}

/**
 * Finds values by address. Single addresses, of which there may be thousands, are looked up; ranges are walked through
 * one after another.
 */
export class AddressIndex<T> {
  readonly #exact = new Map<string, Set<T>>();
  #ranges: RangeEntry<T>[] = [];

  /** Text that is no address or range, such as a host name, is left out: names are never trusted as sources. */
  add(text: string, value: T): void {
    const parsed = parsePrefix(text);
    if (!parsed.ok) return;
    const single = singleAddress(parsed.value.text);
    if (single === undefined) {
      this.#ranges.push({ prefix: parsed.value, value });
      return;
    }
    const values = this.#exact.get(single) ?? new Set<T>();
    values.add(value);
    this.#exact.set(single, values);
  }

  remove(text: string, value: T): void {
    const parsed = parsePrefix(text);
    if (!parsed.ok) return;
    const single = singleAddress(parsed.value.text);
    if (single === undefined) {
      this.#ranges = this.#ranges.filter((entry) => entry.value !== value || entry.prefix.text !== parsed.value.text);
      return;
    }
    const values = this.#exact.get(single);
    values?.delete(value);
    if (values?.size === 0) this.#exact.delete(single);
  }

  /** Values whose address or range holds `address`: those of single addresses first. */
  at(address: string): T[] {
    const canonical = canonicalAddress(address);
    const found = [...(this.#exact.get(canonical) ?? [])];
    for (const entry of this.#ranges) {
      if (entry.prefix.contains(canonical) && !found.includes(entry.value)) found.push(entry.value);
    }
    return found;
  }
}

function singleAddress(prefixText: string): string | undefined {
  const [address = '', bits] = prefixText.split('/');
  return bits === (address.includes(':') ? '128' : '32') ? canonicalAddress(address) : undefined;
}
