import type { Account } from '../../accounts/model.ts';
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
