import { nearestName } from '../base/text/nearest-name.ts';
import type { AccountField } from './account-field.ts';
import { accountFields } from './account-fields.ts';
import { quoted } from './field-texts.ts';

/**
 * Fields of the requirements with the scope of one user or trunk that this version does not act on. They are told apart
 * from typing slips, so that nobody believes a limit to hold that is not there.
 */
const notInEffect: ReadonlySet<string> = new Set([
  'maxmonthlycredit',
  'maxmonthlycreditinc',
  'maxmonthlycreditend',
  'maxdailycredit',
  'todaycredit',
  'maxdyndailycredit',
  'pin',
  'pinset',
  'srtp',
  'dtmfmode',
  'webmanager',
  'voicemail',
  'filtering',
]);

/** Fields that are no part of the account itself. */
const ownNames = ['name', 'type', 'password'] as const;

/** `Max_Lines`, `max lines` and `maxlines` are one name. */
export function foldFieldName(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
}

const fieldByName = new Map<string, AccountField>();
for (const field of accountFields) {
  for (const name of [field.name, ...(field.aliases ?? [])]) fieldByName.set(foldFieldName(name), field);
}

export function findField(name: string): AccountField | undefined {
  return fieldByName.get(foldFieldName(name));
}

/** Why a name is not one of the fields: known and not in effect, or unknown, with the nearest that there is. */
export function unknownFieldMessage(name: string): string {
  return unknownNameMessage(name, [...fieldByName.keys(), ...ownNames]);
}

export function unknownNameMessage(name: string, known: Iterable<string>): string {
  const folded = foldFieldName(name.slice(0, 80));
  if (notInEffect.has(folded)) return `${quoted(name)} is known, and not in effect in this version; leave it out`;
  return `${quoted(name)} is unknown; the nearest field is '${nearestName(folded, known)}'`;
}
