import { warningsOf } from '../../accounts/warnings.ts';
import type { StoreChange } from '../../accounts/change.ts';
import { type ImportPlan, type NewDecks, type PlannedRecord, planImport } from '../../accounts/import.ts';
import { isSameList, PriceList } from '../../billing/tariff/price-list.ts';
import type { ReadImport } from '../reading/read-documents.ts';
import { inSlices } from '../../base/time/in-slices.ts';
import { ok } from '../../base/result/result.ts';
import { loadSettings, type SettingOverride } from '../../settings/index.ts';
import type { Arguments } from '../operation.ts';
import type { OperationPorts } from '../ports.ts';
import type { ImportView, PlannedView } from '../views.ts';
import { adminContext, commit } from './administration.ts';
import { flag, text } from './arguments.ts';
import { commandLine, type OperationsOf, type Outcome, refused } from './outcome.ts';

/** More faults than this are counted, not told: who has so many mends a pattern, not each one. */
const maxShownErrors = 50;

export function importOperations(ports: OperationPorts): OperationsOf<'import'> {
  return { import: (given) => importDocument(ports, given) };
}

async function importDocument(ports: OperationPorts, given: Arguments): Promise<Outcome<ImportView>> {
  const written = text(given, 'document');
  if (!written.ok) return written;
  const dryRun = flag(given, 'dryRun');
  if (!dryRun.ok) return dryRun;
  const read = await ports.reader.read({ kind: 'import', text: written.value });
  if (!read.ok) return refusedAll(read.error);
  if (read.value.kind !== 'import') return refusedAll(['the document is no import']);
  const { document, decks } = read.value;
  const stored = await ports.store.settings.load();
  const current = new Map(stored.map((override) => [override.key, override.value]));
  const planning = planImport(document, adminContext(ports), current, newDecks(ports, decks));
  const plan = await inSlices(planning, ports.nextTurn);
  if (plan.errors.length > 0) return refusedAll(plan.errors);
  const overrides = newOverrides(plan.changes);
  const conflicts = settingConflicts(stored, overrides, ports.clock.wallMs());
  if (conflicts.length > 0) return refusedAll(conflicts);
  if (dryRun.value) return ok(importView(plan, true));
  const taken = new Set(plan.changes.map((change) => (change.kind === 'tariff put' ? change.deck : undefined)));
  for (const { deck, columns } of decks) if (taken.has(deck)) ports.prices.prepare(deck, new PriceList(columns));
  await commit(ports, plan);
  const view = importView(plan, false);
  return ok({ ...view, notes: [...view.notes, ...applySettings(ports, overrides)] });
}

function newDecks({ directory, prices }: OperationPorts, decks: ReadImport['decks']): NewDecks {
  return new Map(
    decks.map(({ tariff, deck, columns }) => {
      const known = directory.tariffs.byName(tariff);
      const isSame = known !== undefined && isSameList(prices.listOf(known.id).columns, columns);
      return [tariff, { deck, isSame }];
    }),
  );
}

/** Settings that only hold together are taken in whatever order lets them. @returns what could not be taken, and why */
function applySettings(ports: OperationPorts, overrides: readonly SettingOverride[]): readonly string[] {
  let waiting = overrides;
  for (;;) {
    const refusals = waiting.flatMap((override) => {
      const applied = ports.settings.apply(override);
      return applied.ok ? [] : [{ override, message: applied.error.message }];
    });
    if (refusals.length === 0 || refusals.length === waiting.length) {
      return refusals.map(({ message }) => `stored, and not in effect beside the other settings: ${message}`);
    }
    waiting = refusals.map(({ override }) => override);
  }
}

function newOverrides(changes: readonly StoreChange[]): readonly SettingOverride[] {
  return changes.flatMap((change) => {
    if (change.kind !== 'setting put') return [];
    return [{ key: change.key, value: change.value, by: commandLine, atMs: change.origin.atMs }];
  });
}

/** Settings that are each right may not hold together, and stored so they would stop the next start. */
function settingConflicts(
  stored: readonly SettingOverride[],
  added: readonly SettingOverride[],
  nowMs: number,
): readonly string[] {
  const replaced = new Set(added.map((override) => override.key));
  const together = [...stored.filter((override) => !replaced.has(override.key)), ...added];
  const loaded = loadSettings({ stored: together, environment: {}, commandLine: [], nowMs });
  return loaded.ok ? [] : loaded.error.map((error) => error.message);
}

function importView(plan: ImportPlan, dryRun: boolean): ImportView {
  return {
    dryRun,
    created: plan.create.map(planned),
    changed: plan.change.map(planned),
    unchanged: plan.unchanged.length,
    notes: [...plan.notes, ...warningsOf(plan.changes)],
    // A dry run makes none: what it drew is thrown away with its plan.
    generatedPasswords: dryRun
      ? []
      : plan.generatedPasswords.map(({ name, password }) => ({ name, password: password.reveal() })),
  };
}

function planned({ subject, fields }: PlannedRecord): PlannedView {
  return { subject, fields };
}

function refusedAll(errors: readonly string[]): Outcome<never> {
  const more = errors.length - maxShownErrors;
  const shown = errors.slice(0, maxShownErrors);
  const rest = more > 0 ? [`and ${more} more`] : [];
  return refused(['nothing was imported:', ...shown, ...rest].join('\n'));
}
