import type { Account } from '../../accounts/model.ts';
import type { Dialled } from '../../numbering/dialled.ts';
import type { CallServices } from '../services.ts';

/** The user of ours that was dialled, by its name or by a number that it owns; calls and messages look it up alike. */
export function findUser({ directory }: Pick<CallServices, 'directory'>, dialled: Dialled): Account | undefined {
  const found = directory.accountByName(dialledText(dialled)) ?? numberOwner(directory, dialled);
  return found?.kind === 'enduser' ? found : undefined;
}

/** What was dialled, as users' names and dial rules are held against it. */
export function dialledText(dialled: Dialled): string {
  return dialled.kind === 'name' ? dialled.name : dialled.digits;
}

function numberOwner(directory: CallServices['directory'], dialled: Dialled): Account | undefined {
  if (dialled.kind === 'name') return undefined;
  return directory.numberOwner(dialled.canonical) ?? directory.numberOwner(dialled.digits);
}
