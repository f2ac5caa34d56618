import { HeaderList } from '../../sip/message/index.ts';
import { allowedMethods, capabilities } from '../../sip/stack/index.ts';

/**
 * The answer to a request inside a dialog that is not answered yet. Never 481: its sender would have to give up the
 * whole call for it (RFC 3261 §12.2.1.2).
 */
export function earlyDialogAnswer(method: string): { readonly status: number; readonly headers: HeaderList } {
  switch (method) {
    case 'OPTIONS':
      return { status: 200, headers: capabilities() };
    case 'INVITE':
    case 'INFO':
    case 'MESSAGE':
    case 'UPDATE':
    case 'PRACK':
      // Later, when there is another side to pass it to (RFC 3261 §14.2).
      return { status: 500, headers: new HeaderList().append('retry-after', '2') };
    default:
      return { status: 405, headers: new HeaderList().append('allow', allowedMethods) };
  }
}
