import { assert } from '../../base/result/assert.ts';
import { wireName } from './header-names.ts';
import type { SipMessage } from './message.ts';
import { isToken } from './octets.ts';

/**
 * The message as octets: long header names in their usual capitals, the right Content-Length last. Nothing in it can
 * end a line early: header lists hold no line ends, and the start line is checked here.
 */
export function serialise(message: SipMessage): string {
  let octets = startLine(message);
  message.headers.forEach((name, value) => {
    if (name !== 'content-length') octets += `${wireName(name)}: ${value}\r\n`;
  });
  return `${octets}Content-Length: ${message.body.length}\r\n\r\n${message.body}`;
}

function startLine(message: SipMessage): string {
  if (message.kind === 'response') {
    assert(message.status >= 100 && message.status <= 699, 'a status is 100 to 699');
    assert(isOneLine(message.reason), 'a reason phrase must be octets without line ends');
    return `SIP/2.0 ${message.status} ${message.reason}\r\n`;
  }
  assert(isToken(message.method), 'a method must be a token');
  assert(isOneLine(message.uri) && !message.uri.includes(' '), 'a Request-URI must have no white space');
  return `${message.method} ${message.uri} SIP/2.0\r\n`;
}

function isOneLine(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === 0x0d || code === 0x0a || code > 0xff) return false;
  }
  return true;
}
