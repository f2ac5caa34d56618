import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SourceCounts } from '../../base/bounded/source-counts.ts';
import { fullBound, type RoomFor, type StackLoad } from './bounds.ts';

const bounds = { maxTransactions: 100, maxInvitesPerSource: 10, maxDialogs: 40, maxDialogsPerSource: 5 };
const idle: StackLoad = { transactions: 0, dialogs: 0, invitesOfSource: 0, dialogsOfSource: 0 };

const table: readonly {
  readonly load: Partial<StackLoad>;
  readonly what: RoomFor;
  readonly stranger: string | undefined;
  readonly known: string | undefined;
}[] = [
  { load: {}, what: 'call', stranger: undefined, known: undefined },
  { load: { transactions: 99 }, what: 'request', stranger: undefined, known: undefined },
  { load: { transactions: 100 }, what: 'request', stranger: 'maxTransactions', known: undefined },
  { load: { transactions: 100 }, what: 'dialog', stranger: undefined, known: undefined },
  { load: { transactions: 125 }, what: 'request', stranger: 'maxTransactions', known: 'maxTransactions' },
  { load: { transactions: 125 }, what: 'dialog', stranger: 'maxTransactions', known: 'maxTransactions' },
  { load: { dialogs: 40 }, what: 'call', stranger: 'maxDialogs', known: undefined },
  { load: { dialogs: 50 }, what: 'call', stranger: 'maxDialogs', known: 'maxDialogs' },
  { load: { dialogs: 50 }, what: 'request', stranger: undefined, known: undefined },
  { load: { invitesOfSource: 10 }, what: 'call', stranger: 'maxInvitesPerSource', known: 'maxInvitesPerSource' },
  { load: { dialogsOfSource: 5 }, what: 'call', stranger: 'maxDialogsPerSource', known: 'maxDialogsPerSource' },
  { load: { dialogsOfSource: 5 }, what: 'dialog', stranger: undefined, known: undefined },
];

describe('room in the stack', () => {
  for (const { load, what, stranger, known } of table) {
    it(`for a ${what} at ${JSON.stringify(load)}: ${stranger ?? 'yes'} for strangers, ${known ?? 'yes'} for known sources`, () => {
      const full = (isKnown: boolean): string | undefined =>
        fullBound(bounds, { ...idle, ...load }, what, () => isKnown);
      assert.deepEqual([full(false), full(true)], [stranger, known]);
    });
  }
});

it('a /64 of IPv6 counts as one source, and a source without anything is forgotten', () => {
  const counts = new SourceCounts();
  counts.add('2001:db8:0:1::1');
  counts.add('2001:db8:0:1:ffff::2');
  counts.add('192.0.2.1');
  const of = (): number[] => ['2001:db8:0:1::9', '2001:db8:0:2::1', '192.0.2.1'].map((address) => counts.of(address));
  assert.deepEqual(of(), [2, 0, 1]);
  counts.remove('2001:db8:0:1::1');
  counts.remove('192.0.2.1');
  counts.remove('192.0.2.1');
  assert.deepEqual(of(), [1, 0, 0]);
});
