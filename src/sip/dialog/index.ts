export { contactUri, Dialog, type DialogState } from './dialog.ts';
export { SuccessRepeater } from './success-repeater.ts';
