import type { Secret } from '../base/log/secret.ts';
import { checkSetting } from '../settings/index.ts';
import { changeAccount, createAccount } from './admin.ts';
import { type AdminContext, type AdminOutcome, type AdminResult, originOf } from './admin-context.ts';
import { putDialRule } from './admin-dial-rules.ts';
import { canonicalNumber, putNumber } from './admin-numbers.ts';
import type { AuditEntry, StoreChange } from './change.ts';
import { type FieldTexts, oneText, quoted } from './field-texts.ts';
import { type NewDeck, putPacket, putTariff } from './admin-tariffs.ts';
import type { ImportDocument, TariffRecord } from './import-document.ts';

/** One line of what an import would do. */
export interface PlannedRecord {
  /** `user 201`, `sipserver carrier`, `number 43123`, `dialrule inland`, `setting maxlines`. */
  readonly subject: string;
  /** Fields that are set or changed. */
  readonly fields: readonly string[];
}

export interface ImportPlan {
  readonly create: readonly PlannedRecord[];
  readonly change: readonly PlannedRecord[];
  readonly unchanged: readonly string[];
  /** Sentences that begin with the record. Not empty: nothing may be done. */
  readonly errors: readonly string[];
  /** What was read and left alone, with the reason. */
  readonly notes: readonly string[];
  /** To be printed once, after the commit. */
  readonly generatedPasswords: readonly { readonly name: string; readonly password: Secret<string> }[];
  readonly changes: readonly StoreChange[];
  readonly audit: readonly AuditEntry[];
}

/** The settings as they are now: the texts that were set in this installation, by key. */
export type CurrentSettings = ReadonlyMap<string, string>;

/** The price lists of the document's tariffs, by name. */
export type NewDecks = ReadonlyMap<string, NewDeck>;

/**
 * What an import of the document would do to the directory as it is. Pure: nothing is changed, and the second plan of
 * the same document is empty. Records that the document does not have stay as they are. Each step takes one record:
 * a password alone is held against what guessers try first, which takes a millisecond.
 */
export function* planImport(
  document: ImportDocument,
  context: AdminContext,
  settings: CurrentSettings,
  decks: NewDecks = new Map(),
): Generator<void, ImportPlan> {
  const planner = new Planner({ ...context, directory: yield* context.directory.copy() });
  for (const record of parentsFirst(document.tariffs)) yield planner.tariff(record, decks);
  for (const record of document.packets) yield planner.packet(record);
  for (const record of document.sipservers) yield planner.account('sipserver', record);
  // Resellers first: the others may name them.
  for (const record of document.users) if (isReseller(record)) yield planner.account('user', record);
  for (const record of document.users) if (!isReseller(record)) yield planner.account('user', record);
  for (const record of document.numbers) yield planner.number(record);
  for (const record of document.dialrules) yield planner.dialRule(record);
  for (const [name, text] of Object.entries(document.settings)) yield planner.setting(name, text, settings);
  return planner.plan();
}

/** Plans on a copy of the directory and applies each record to it, so that a record may name one that the same document makes. */
class Planner {
  readonly #context: AdminContext;
  readonly #create: PlannedRecord[] = [];
  readonly #change: PlannedRecord[] = [];
  readonly #unchanged: string[] = [];
  readonly #errors: string[] = [];
  readonly #notes: string[] = [];
  readonly #passwords: { readonly name: string; readonly password: Secret<string> }[] = [];
  readonly #changes: StoreChange[] = [];
  readonly #audit: AuditEntry[] = [];
  readonly #seen = new Set<string>();

  /** @param context with a directory that is only for this plan. */
  constructor(context: AdminContext) {
    this.#context = context;
  }

  plan(): ImportPlan {
    const done = this.#errors.length === 0;
    return {
      create: this.#create,
      change: this.#change,
      unchanged: this.#unchanged,
      errors: this.#errors,
      notes: this.#notes,
      generatedPasswords: done ? this.#passwords : [],
      changes: done ? this.#changes : [],
      audit: done ? this.#audit : [],
    };
  }

  account(section: 'user' | 'sipserver', record: FieldTexts): void {
    const name = this.#nameOf(section, record);
    if (name === undefined) return;
    const subject = `${section} ${name}`;
    const type = foldedType(record);
    if (section === 'user' && type === 'sipserver') {
      this.#errors.push(`${subject}: type sipserver belongs under sipservers`);
      return;
    }
    const known = this.#context.directory.accountByNameIgnoringCase(name);
    const texts: FieldTexts = section === 'sipserver' ? { ...record, type: record['type'] ?? 'sipserver' } : record;
    if (known === undefined) {
      this.#take(subject, 'create', name, createAccount(texts, this.#context));
      return;
    }
    if ('password' in texts && known.kind !== 'enduser') {
      const { password: _, ...others } = texts;
      this.#notes.push(`${subject}: the password of a ${known.kind} is set by import only when it is created`);
      this.#take(subject, 'change', name, changeAccount(name, others, this.#context));
      return;
    }
    this.#take(subject, 'change', name, changeAccount(name, texts, this.#context));
  }

  number(record: FieldTexts): void {
    const { number: text, user, ...others } = record;
    const written = typeof text === 'string' ? text : '';
    const canonical = canonicalNumber(written);
    const subject = `number ${canonical.ok ? canonical.value : quoted(written)}`;
    if (!this.#isFirst(subject)) return;
    const [unknown] = Object.keys(others);
    if (unknown !== undefined) {
      this.#errors.push(`${subject}: ${quoted(unknown)} is unknown; a number has the fields number and user`);
      return;
    }
    const owner = typeof user === 'string' ? user.trim() : '';
    this.#take(subject, 'create', owner, putNumber(written, owner, this.#context));
  }

  dialRule(record: FieldTexts): void {
    const name = this.#nameOf('dialrule', record);
    if (name === undefined) return;
    const known = this.#context.directory.dialRuleByName(name) !== undefined;
    this.#take(`dialrule ${name}`, known ? 'change' : 'create', name, putDialRule(record, this.#context));
  }

  tariff({ fields }: TariffRecord, decks: NewDecks): void {
    const name = this.#nameOf('tariff', fields);
    if (name === undefined) return;
    const known = this.#context.directory.tariffs.byName(name) !== undefined;
    const result = putTariff(fields, decks.get(name), this.#context);
    this.#take(`tariff ${name}`, known ? 'change' : 'create', name, result);
  }

  packet(record: FieldTexts): void {
    const name = this.#nameOf('packet', record);
    if (name === undefined) return;
    const known = this.#context.directory.packets.byName(name) !== undefined;
    this.#take(`packet ${name}`, known ? 'change' : 'create', name, putPacket(record, this.#context));
  }

  setting(name: string, text: FieldTexts[string], current: CurrentSettings): void {
    const written = typeof text === 'string' ? text : text.join(',');
    const checked = checkSetting(name, written);
    if (!checked.ok) {
      this.#errors.push(`setting ${checked.error.message}`);
      return;
    }
    const { key } = checked.value;
    if (!this.#isFirst(`setting ${key}`)) return;
    if (current.get(key) === written) {
      this.#unchanged.push(`setting ${key}`);
      return;
    }
    const shown = checked.value.spec.secret === true ? 'changed' : quoted(written);
    const origin = originOf(this.#context);
    (current.has(key) ? this.#change : this.#create).push({ subject: `setting ${key}`, fields: [key] });
    this.#changes.push({ kind: 'setting put', key, value: written, origin });
    this.#audit.push({ ...origin, action: 'set setting', subject: `setting ${key}`, detail: shown });
  }

  #nameOf(section: string, record: FieldTexts): string | undefined {
    const name = oneText(record['name'] ?? '');
    if (!name.ok || name.value === '') {
      this.#errors.push(`${section}: name is missing in one of the records`);
      return undefined;
    }
    // Users and SIP servers share one set of names.
    const kind = section === 'sipserver' ? 'user' : section;
    return this.#isFirst(`${kind} ${kind === 'user' ? name.value.toLowerCase() : name.value}`) ? name.value : undefined;
  }

  #isFirst(subject: string): boolean {
    if (this.#seen.has(subject)) this.#errors.push(`${subject}: is in the document twice`);
    const first = !this.#seen.has(subject);
    this.#seen.add(subject);
    return first;
  }

  #take(subject: string, kind: 'create' | 'change', name: string, result: AdminResult): void {
    if (!result.ok) {
      for (const { message } of result.error) this.#errors.push(`${subject}: ${message}`);
      return;
    }
    const outcome: AdminOutcome = result.value;
    if (outcome.changes.length === 0) {
      this.#unchanged.push(subject);
      return;
    }
    (kind === 'create' ? this.#create : this.#change).push({ subject, fields: outcome.changedFields });
    if (outcome.generatedPassword !== undefined) this.#passwords.push({ name, password: outcome.generatedPassword });
    for (const change of outcome.changes) {
      this.#changes.push(change);
      this.#context.directory.apply(change);
    }
    this.#audit.push(...outcome.audit);
  }
}

/** A tariff may name a parent of the same document: parents go first. A ring stays, and is refused by name. */
function parentsFirst(records: readonly TariffRecord[]): readonly TariffRecord[] {
  const folded = ({ fields }: TariffRecord, field: 'name' | 'parent'): string =>
    String(fields[field] ?? '')
      .trim()
      .toLowerCase();
  const byName = new Map(records.map((record) => [folded(record, 'name'), record]));
  const ordered = new Set<TariffRecord>();
  for (const record of records) {
    const line = new Set<TariffRecord>();
    let at: TariffRecord | undefined = record;
    while (at !== undefined && !ordered.has(at) && !line.has(at)) {
      line.add(at);
      at = byName.get(folded(at, 'parent'));
    }
    for (const each of [...line].reverse()) ordered.add(each);
  }
  return [...ordered];
}

function isReseller(record: FieldTexts): boolean {
  return foldedType(record) === 'reseller';
}

function foldedType(record: FieldTexts): string {
  const type = record['type'];
  return typeof type === 'string' ? type.trim().toLowerCase() : '';
}
