import type { Account } from '../../accounts/model.ts';
import type { Refusal } from '../../guard/decision.ts';
import type { LimitOrigin } from '../../guard/limit.ts';
import type { LimitServices } from './limit-services.ts';

/** Who set a field of an account, and when. */
export function fieldOrigin(
  { directory }: Pick<LimitServices, 'directory'>,
  account: Account,
  field: string,
): LimitOrigin {
  return directory.fieldOrigin(account.id, field) ?? { by: 'default', atMs: undefined };
}

/** The refusal with who set what said no, and when. */
export function setBy(refused: Refusal, { by, atMs }: LimitOrigin): Refusal {
  return { ...refused, setBy: by, setAtMs: atMs };
}
