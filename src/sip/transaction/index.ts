export { buildCancel } from './ack.ts';
export type { InviteClientTransaction } from './client-invite.ts';
export type { NonInviteClientTransaction } from './client-non-invite.ts';
export type { ClientTransactionUser, InviteServerUser } from './environment.ts';
export type { InviteServerTransaction } from './server-invite.ts';
export type { NonInviteServerTransaction } from './server-non-invite.ts';
export { defaultTimers, type TimerValues, transactionTimeoutMs } from './timers.ts';
export { TransactionLayer, type TransactionUser } from './transaction-layer.ts';
