import assert from 'node:assert/strict';
import type { Account } from '../../../src/accounts/model.ts';
import type { Endpoint } from '../../../src/base/net/endpoint.ts';
import { LivingPhone, type PhoneLife } from '../../kit/living-phone.ts';
import { password, serverEndpoint, type Stage } from '../stage.ts';

export const minuteMs = 60_000;
export const hourMs = 60 * minuteMs;
export const dayMs = 24 * hourMs;

/** Users of those names, all with the right password. */
export function users(count: number, name = 'user'): readonly Partial<Account>[] {
  return Array.from({ length: count }, (_, index) => ({ name: `${name}${index}` }));
}

/** A phone that has not begun to live. */
export function phoneAt(
  stage: Stage,
  local: Endpoint,
  { server = serverEndpoint, ...life }: Partial<PhoneLife> & { readonly user: string; readonly server?: Endpoint },
): LivingPhone {
  const { network, clock } = stage;
  return new LivingPhone({ network, clock, server, local, life: { password, ...life } });
}

/** What is listed, each as `action scope subject [rule]`. */
export function listed(stage: Stage): readonly string[] {
  return [...stage.server.guard.bans.all()].map(
    ({ action, scope, subject, rule }) => `${action} ${scope} ${subject} [${rule}]`,
  );
}

/** Nobody lost more than a user that fails, or an address with its port. */
export function assertNoAddressBanned(stage: Stage): void {
  const wide = [...stage.server.guard.bans.all()].filter(
    ({ action, scope }) => action === 'ban' && (scope === 'address' || scope === 'prefix'),
  );
  assert.deepEqual(
    wide.map(({ subject, rule, reason }) => `${subject} [${rule}] ${reason}`),
    [],
  );
}

/** Phones that are not registered now: that were not served within the time of their refreshing. */
export function unserved(stage: Stage, phones: Iterable<LivingPhone>): readonly string[] {
  const nowMs = stage.clock.monotonicMs();
  return [...phones]
    .filter(({ servedAtMs, life }) => nowMs - servedAtMs > (life.refreshMs ?? 1_800_000) + 40_000)
    .map(({ life }) => life.user);
}
