import type { StoreChange } from './change.ts';

/** What is allowed and seldom meant: sentences for whoever makes the changes. */
export function warningsOf(changes: readonly StoreChange[]): readonly string[] {
  return changes.flatMap((change) => {
    if (change.kind !== 'account put' || !change.fields.includes('maxlines')) return [];
    const { name, limits } = change.account;
    if (limits.maxLines !== 1) return [];
    return [`warning: with maxlines 1 transfer and conference of ${name} will not work, which need a second line`];
  });
}
