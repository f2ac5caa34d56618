import { isMap, isScalar, isSeq, parseDocument } from 'yaml';
import { fail, ok, type Result } from '../base/result/result.ts';
import { type FieldText, type FieldTexts, quoted } from './field-texts.ts';

/** What an import file says, all scalars as the texts that were written. */
export interface ImportDocument {
  readonly users: readonly FieldTexts[];
  readonly sipservers: readonly FieldTexts[];
  readonly numbers: readonly FieldTexts[];
  readonly dialrules: readonly FieldTexts[];
  readonly tariffs: readonly TariffRecord[];
  readonly packets: readonly FieldTexts[];
  readonly settings: FieldTexts;
}

/** A tariff of a document: its fields, and its prices as records of texts; undefined where it has none. */
export interface TariffRecord {
  readonly fields: FieldTexts;
  readonly prices: readonly Readonly<Record<string, string>>[] | undefined;
}

const maxFileCharacters = 50_000_000;
const recordKeys = ['users', 'sipservers', 'numbers', 'dialrules', 'packets'] as const;
const laterKeys: readonly string[] = ['blacklists', 'firewall'];

/**
 * Reads YAML or JSON. No scalar is turned into a number or date, so that 0043, +43 and 10.10 stay what they are;
 * aliases and tags are refused.
 * @returns the document, or sentences with the line that each is about.
 */
export function parseImport(text: string): Result<ImportDocument, readonly string[]> {
  if (text.length > maxFileCharacters) return fail([`the file is larger than ${maxFileCharacters} characters`]);
  const parsed = parseDocument(text, { schema: 'failsafe', uniqueKeys: true, prettyErrors: true });
  if (parsed.errors.length > 0) return fail(parsed.errors.map((error) => error.message));
  const read = readNode(parsed.contents);
  if (!read.ok) return fail([read.error]);
  const { value } = read;
  if (value === '')
    return ok({ users: [], sipservers: [], numbers: [], dialrules: [], tariffs: [], packets: [], settings: {} });
  if (typeof value === 'string' || isList(value)) {
    return fail(['the file must have keys such as users, sipservers, numbers, dialrules and settings']);
  }
  return documentOf(value);
}

function documentOf(root: Tree): Result<ImportDocument, readonly string[]> {
  const errors: string[] = [];
  const records: Record<(typeof recordKeys)[number], FieldTexts[]> = {
    users: [],
    sipservers: [],
    numbers: [],
    dialrules: [],
    packets: [],
  };
  let tariffs: TariffRecord[] = [];
  let settings: FieldTexts = {};
  for (const [key, value] of Object.entries(root)) {
    const recordKey = recordKeys.find((known) => known === key);
    if (recordKey !== undefined) records[recordKey] = recordsOf(key, value, errors);
    else if (key === 'tariffs') tariffs = tariffsOf(value, errors);
    else if (key === 'settings') settings = settingsOf(value, errors);
    else if (laterKeys.includes(key)) errors.push(`${key} is known, and not in effect in this version; leave it out`);
    else errors.push(`${quoted(key)} is unknown; there are ${[...recordKeys, 'tariffs', 'settings'].join(', ')}`);
  }
  return errors.length > 0 ? fail(errors) : ok({ ...records, tariffs, settings });
}

function recordsOf(key: string, value: Node, errors: string[]): FieldTexts[] {
  if (value === '') return [];
  if (!isList(value)) {
    errors.push(`${key} must be a list: each record begins with '- '`);
    return [];
  }
  return value.flatMap((record, at): FieldTexts[] => {
    const fields = typeof record === 'string' || isList(record) ? undefined : fieldsOf(record);
    if (fields === undefined) errors.push(`${key}[${at + 1}] must be a record of fields with one value or a list each`);
    return fields === undefined ? [] : [fields];
  });
}

function tariffsOf(value: Node, errors: string[]): TariffRecord[] {
  if (value === '') return [];
  const records = isList(value) ? value : [''];
  return records.flatMap((record, at): TariffRecord[] => {
    const { prices, ...others } = typeof record === 'string' || isList(record) ? { prices: undefined } : record;
    const fields = fieldsOf(others);
    const rows = prices === undefined ? [] : isList(prices) ? prices.map(textsOf) : [undefined];
    const read = rows.filter((row) => row !== undefined);
    if (typeof record === 'string' || fields === undefined || read.length < rows.length) {
      errors.push(`tariffs[${at + 1}] must be a record of name, parent and prices, each price a record of fields`);
      return [];
    }
    return [{ fields, prices: prices === undefined ? undefined : read }];
  });
}

function textsOf(record: Node): Readonly<Record<string, string>> | undefined {
  if (typeof record === 'string' || isList(record)) return undefined;
  const texts: [string, string][] = [];
  for (const [name, value] of Object.entries(record)) {
    if (typeof value !== 'string') return undefined;
    texts.push([name, value]);
  }
  return Object.fromEntries(texts);
}

function settingsOf(value: Node, errors: string[]): FieldTexts {
  if (value === '') return {};
  const fields = typeof value === 'string' || isList(value) ? undefined : fieldsOf(value);
  if (fields === undefined) errors.push("settings must be lines of the form 'name: value'");
  return fields ?? {};
}

function fieldsOf(record: Tree): FieldTexts | undefined {
  const fields: Record<string, FieldText> = {};
  for (const [name, value] of Object.entries(record)) {
    if (typeof value === 'string') fields[name] = value;
    else if (isList(value) && value.every(isText)) fields[name] = value;
    else if (isList(value) && name === 'sipservers') fields[name] = value.map(routeText);
    else return undefined;
  }
  return fields;
}

/** A route may also be written as a record of name, priority and weight. */
function routeText(route: Node): string {
  if (typeof route === 'string') return route;
  if (isList(route)) return '';
  const { name, priority, weight = '1' } = route;
  const parts = priority === undefined ? [name] : [name, priority, weight];
  return parts.map((part) => (typeof part === 'string' ? part : '')).join(':');
}

interface Tree {
  readonly [key: string]: Node;
}

type Node = string | readonly Node[] | Tree;

function isText(node: Node): node is string {
  return typeof node === 'string';
}

function isList(node: Node): node is readonly Node[] {
  return Array.isArray(node);
}

/** YAML nodes as texts, lists and records, with nothing else in them. */
function readNode(node: unknown): Result<Node, string> {
  if (node === null || node === undefined) return ok('');
  if (isScalar(node)) return ok(typeof node.value === 'string' ? node.value : '');
  if (isSeq(node)) {
    const entries: Node[] = [];
    for (const item of node.items) {
      const entry = readNode(item);
      if (!entry.ok) return entry;
      entries.push(entry.value);
    }
    return ok(entries);
  }
  if (!isMap(node)) return fail('the file holds an alias or a tag; write the value itself');
  const tree: Record<string, Node> = Object.create(null);
  for (const { key, value } of node.items) {
    const entry = readNode(value);
    if (!entry.ok) return entry;
    if (!isScalar(key) || typeof key.value !== 'string') return fail('a key of the file is not a word');
    tree[key.value] = entry.value;
  }
  return ok(tree);
}
