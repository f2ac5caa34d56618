export { contactUri, Dialog, type DialogState } from './dialog.ts';
