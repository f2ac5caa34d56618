export { contactUri, Dialog, type DialogState } from './dialog.ts';
export { readRAck, readRSeq, ReliableReceiver, ReliableSender } from './reliable-provisionals.ts';
export {
  acceptedTerms,
  judgeSessionTimer,
  leastSessionS,
  offerSessionTimer,
  readMinSe,
  type SessionTerms,
  SessionTimer,
  type SessionTimerPolicy,
} from './session-timer.ts';
export { SuccessRepeater } from './success-repeater.ts';
