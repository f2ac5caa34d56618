import { fail, ok, type Result } from '../base/result/result.ts';
import { type AdminContext, type AdminResult, nothingChanged, originOf, refused } from './admin-context.ts';
import { foldFieldName, unknownNameMessage } from './field-names.ts';
import { type FieldError, type FieldText, type FieldTexts, listOf, oneText, quoted, wordOf } from './field-texts.ts';
import { type Packet, packetAudiences, type Tariff } from './model.ts';

const namePattern = /^[\p{L}\p{N}][\p{L}\p{N} _.-]{0,63}$/u;
const maxRecords = 10_000;
const maxPacketPrefixes = 1000;

/** A tariff's new price list as the text that the store keeps. */
export interface NewDeck {
  readonly deck: string;
  /** The tariff has these prices already. */
  readonly isSame: boolean;
}

/**
 * Makes a tariff, or gives it other prices or another parent.
 * @param newDeck its prices; undefined to leave them.
 */
export function putTariff(texts: FieldTexts, newDeck: NewDeck | undefined, context: AdminContext): AdminResult {
  const { directory } = context;
  const name = nameOf(texts);
  if (!name.ok) return name;
  const before = directory.tariffs.byName(name.value);
  if (before === undefined && directory.tariffs.size >= maxRecords) {
    return refused('name', `${quoted(name.value)} is one more than the ${maxRecords} tariffs there may be`);
  }
  if (before === undefined && newDeck === undefined) {
    return refused('prices', `is missing: the tariff ${name.value} does not exist yet`);
  }
  const unknown = Object.keys(texts).find((key) => !['name', 'parent'].includes(foldFieldName(key)));
  if (unknown !== undefined) return refused(unknown, unknownNameMessage(unknown, ['name', 'parent', 'prices']));
  const id = before?.id ?? directory.nextId;
  const parentId = 'parent' in texts ? parentOf(texts['parent'] ?? '', id, context) : ok(before?.parentId);
  if (!parentId.ok) return refused('parent', parentId.error);
  const tariff: Tariff = { id, name: before?.name ?? name.value, parentId: parentId.value };
  const changedFields = [
    ...(before === undefined ? ['name'] : []),
    ...(before?.parentId === tariff.parentId ? [] : ['parent']),
    ...(newDeck === undefined || newDeck.isSame ? [] : ['prices']),
  ];
  if (changedFields.length === 0) return ok(nothingChanged);
  const deck = changedFields.includes('prices') ? newDeck?.deck : undefined;
  const action = before === undefined ? 'create tariff' : 'change tariff';
  return ok({
    changes: [{ kind: 'tariff put', tariff, deck }],
    audit: [{ ...originOf(context), action, subject: `tariff ${tariff.name}`, detail: changedFields.join(', ') }],
    changedFields,
    generatedPassword: undefined,
  });
}

/** Makes a packet, or changes the given fields of it. */
export function putPacket(texts: FieldTexts, context: AdminContext): AdminResult {
  const { directory } = context;
  const name = nameOf(texts);
  if (!name.ok) return name;
  const before = directory.packets.byName(name.value);
  if (before === undefined && directory.packets.size >= maxRecords) {
    return refused('name', `${quoted(name.value)} is one more than the ${maxRecords} packets there may be`);
  }
  let packet: Packet = before ?? {
    ...{ id: directory.nextId, name: name.value, tariffId: 0 },
    ...{ prefixes: [], audience: 'assigned' },
  };
  const errors: FieldError[] = [];
  for (const [written, text] of Object.entries(texts)) {
    const field = foldFieldName(written);
    if (field === 'name') continue;
    const set = setPacketField(packet, field, text, context);
    if (set === undefined) errors.push({ field: written, message: unknownNameMessage(written, packetFields) });
    else if (set.ok) packet = set.value;
    else errors.push({ field, message: `${field} ${set.error}` });
  }
  if (errors.length === 0 && packet.tariffId === 0) {
    errors.push({ field: 'tariff', message: 'tariff is missing: a packet has the prices of one' });
  }
  if (errors.length > 0) return fail(errors);
  if (before !== undefined && JSON.stringify(before) === JSON.stringify(packet)) return ok(nothingChanged);
  const tariff = directory.tariffs.byId(packet.tariffId)?.name ?? '';
  const detail = `tariff '${tariff}', prefixes '${packet.prefixes.join(', ')}', for '${packet.audience}'`;
  const action = before === undefined ? 'create packet' : 'change packet';
  return ok({
    changes: [{ kind: 'packet put', packet }],
    audit: [{ ...originOf(context), action, subject: `packet ${packet.name}`, detail }],
    changedFields: ['tariff', 'prefixes', 'for'],
    generatedPassword: undefined,
  });
}

const packetFields = ['name', 'tariff', 'prefixes', 'for'] as const;

function setPacketField(
  packet: Packet,
  field: string,
  text: FieldText,
  { directory }: AdminContext,
): Result<Packet, string> | undefined {
  switch (field) {
    case 'tariff': {
      const name = oneText(text);
      if (!name.ok) return name;
      const tariff = directory.tariffs.byName(name.value);
      if (tariff === undefined) return fail(`${quoted(name.value)} is no tariff; import it first`);
      return ok({ ...packet, tariffId: tariff.id });
    }
    case 'prefixes': {
      const entries = listOf(text);
      if (!entries.ok) return entries;
      const wrong = entries.value.find((entry) => !/^\+?[1-9]\d{0,14}$/.test(entry));
      if (wrong !== undefined) return fail(`${quoted(wrong)} is not a prefix such as 43`);
      if (entries.value.length > maxPacketPrefixes) return fail(`has more than ${maxPacketPrefixes} prefixes`);
      return ok({ ...packet, prefixes: [...new Set(entries.value.map((entry) => entry.replace('+', '')))] });
    }
    case 'for': {
      const audience = wordOf(text, packetAudiences);
      return audience.ok ? ok({ ...packet, audience: audience.value }) : audience;
    }
    default:
      return undefined;
  }
}

function nameOf(texts: FieldTexts): Result<string, readonly FieldError[]> {
  const name = oneText(texts['name'] ?? '');
  if (name.ok && namePattern.test(name.value)) return name;
  return refused('name', `${quoted(name.ok ? name.value : '')} is not a name of 1 to 64 letters, digits, blanks _ . -`);
}

function parentOf(text: FieldText, id: number, { directory }: AdminContext): Result<number | undefined, string> {
  const name = oneText(text);
  if (!name.ok) return name;
  if (name.value === '') return ok(undefined);
  const parent = directory.tariffs.byName(name.value);
  if (parent === undefined) return fail(`${quoted(name.value)} is no tariff; import it first`);
  for (let above: Tariff | undefined = parent; above !== undefined; ) {
    if (above.id === id) return fail(`${quoted(name.value)} is below this tariff; name one above it`);
    above = above.parentId === undefined ? undefined : directory.tariffs.byId(above.parentId);
  }
  return ok(parent.id);
}
