import { assert } from '../../base/result/assert.ts';
import { canonicalName, findKnownName } from './header-names.ts';
import { isToken } from './octets.ts';

/**
 * The headers of a message in order. Names are canonical (long form, lower case) whatever spelling a caller uses; values
 * are unfolded, trimmed octets. A value with CR, LF or a character beyond an octet cannot get in, so that nothing that
 * is written from here can start a header of its own.
 */
export class HeaderList {
  #names: string[] = [];
  #values: string[] = [];
  #revision = 0;

  /** Takes over names and values that the parser has checked. */
  static adopt(names: string[], values: string[]): HeaderList {
    const list = new HeaderList();
    list.#names = names;
    list.#values = values;
    return list;
  }

  /** Grows with every change: typed views of the headers are kept as long as it stands. */
  get revision(): number {
    return this.#revision;
  }

  /** The value of the first header of that name. */
  get(name: string): string | undefined {
    const index = this.#find(name);
    return index < 0 ? undefined : this.#values[index];
  }

  /** One value for each header line, in order, not split at commas. */
  getAll(name: string): readonly string[] {
    const canonical = canonicalName(name);
    const found: string[] = [];
    for (let index = this.#names.indexOf(canonical); index >= 0; index = this.#names.indexOf(canonical, index + 1)) {
      found.push(this.#values[index] ?? '');
    }
    return found;
  }

  has(name: string): boolean {
    return this.#find(name) >= 0;
  }

  count(name: string): number {
    return this.getAll(name).length;
  }

  append(name: string, value: string): this {
    this.#names.push(checkedName(name));
    this.#values.push(checkedValue(value));
    this.#revision++;
    return this;
  }

  prepend(name: string, value: string): this {
    this.#names.unshift(checkedName(name));
    this.#values.unshift(checkedValue(value));
    this.#revision++;
    return this;
  }

  /** Replaces all headers of that name by one, at the place of the first. */
  set(name: string, value: string): this {
    const first = this.#names.indexOf(canonicalName(name));
    if (first < 0) return this.append(name, value);
    this.#removeFrom(canonicalName(name), first + 1);
    this.#values[first] = checkedValue(value);
    this.#revision++;
    return this;
  }

  /** Replaces the first header of that name and leaves the others; appends when there is none. */
  replaceFirst(name: string, value: string): this {
    const first = this.#find(name);
    if (first < 0) return this.append(name, value);
    this.#values[first] = checkedValue(value);
    this.#revision++;
    return this;
  }

  delete(name: string): void {
    this.#removeFrom(canonicalName(name), 0);
    this.#revision++;
  }

  /** Appends all headers of that name of another list as they stand. */
  copyAll(source: HeaderList, name: string): void {
    for (let index = source.#names.indexOf(name); index >= 0; index = source.#names.indexOf(name, index + 1)) {
      this.#push(name, source.#values[index] ?? '');
    }
  }

  /** Appends the first header of that name of another list as it stands. */
  copyFirst(source: HeaderList, name: string): void {
    const index = source.#names.indexOf(name);
    if (index >= 0) this.#push(name, source.#values[index] ?? '');
  }

  /** Appends all headers of another list as they stand. */
  appendAll(source: HeaderList): void {
    this.#names.push(...source.#names);
    this.#values.push(...source.#values);
    this.#revision++;
  }

  *entries(): IterableIterator<readonly [string, string]> {
    for (let index = 0; index < this.#names.length; index++) {
      yield [this.#names[index] ?? '', this.#values[index] ?? ''];
    }
  }

  /** As `entries`, without an object for each header. */
  forEach(visit: (name: string, value: string) => void): void {
    for (let index = 0; index < this.#names.length; index++) {
      visit(this.#names[index] ?? '', this.#values[index] ?? '');
    }
  }

  clone(): HeaderList {
    return HeaderList.adopt(this.#names.slice(), this.#values.slice());
  }

  /** Place of the first header of that name, or -1. Most callers write names canonically: then there is nothing to look up. */
  #find(name: string): number {
    const index = this.#names.indexOf(name);
    if (index >= 0) return index;
    const canonical = canonicalName(name);
    return canonical === name ? -1 : this.#names.indexOf(canonical);
  }

  #push(name: string, value: string): void {
    this.#names.push(name);
    this.#values.push(value);
    this.#revision++;
  }

  #removeFrom(name: string, start: number): void {
    for (let index = this.#names.indexOf(name, start); index >= 0; index = this.#names.indexOf(name, index)) {
      this.#names.splice(index, 1);
      this.#values.splice(index, 1);
    }
  }
}

function checkedName(name: string): string {
  const known = findKnownName(name);
  if (known !== undefined) return known;
  assert(isToken(name), 'a header name must be a token');
  return canonicalName(name);
}

function checkedValue(value: string): string {
  for (let index = 0; index < value.length; index++) {
    const code = value.charCodeAt(index);
    assert(code !== 0x0d && code !== 0x0a && code < 0x100, 'a header value must be octets without line ends');
  }
  return value;
}
