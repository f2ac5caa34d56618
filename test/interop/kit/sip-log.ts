/** One message of the message log that sipp writes. */
export interface LoggedMessage {
  readonly direction: 'sent' | 'received';
  readonly text: string;
  /** The method, or the status of a response. */
  readonly kind: string;
  readonly atMs: number;
}

const separator = /^-{40,} (\d{4}-\d\d-\d\d)[T\s]+(\d\d:\d\d:\d\d\.\d+)$/m;

/** Reads sipp's message log; what is no SIP message is left out. */
export function parseSippLog(text: string): readonly LoggedMessage[] {
  const parts = text.split(separator);
  const messages: LoggedMessage[] = [];
  for (let at = 1; at + 2 < parts.length; at += 3) {
    const [day = '', time = '', entry = ''] = parts.slice(at, at + 3);
    const [heading = ''] = entry.trimStart().split('\n', 1);
    const message = entry.slice(entry.indexOf(heading) + heading.length).trimStart();
    const first = message.split('\r\n', 1)[0] ?? '';
    const kind = /^SIP\/2\.0 (\d{3})/.exec(first)?.[1] ?? /^([A-Z]+) \S+ SIP\/2\.0/.exec(first)?.[1];
    if (kind === undefined) continue;
    const direction = heading.includes('received') ? 'received' : 'sent';
    messages.push({ direction, text: message, kind, atMs: Date.parse(`${day}T${time.slice(0, 12)}Z`) });
  }
  return messages;
}

/** The values of a header in the order in which they stand. */
export function headerValues(message: string, name: string): readonly string[] {
  const [head = ''] = message.split('\r\n\r\n', 1);
  return head
    .split('\r\n')
    .filter((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}:`))
    .map((line) => line.slice(name.length + 1).trim());
}

export function headerValue(message: string, name: string): string {
  return headerValues(message, name)[0] ?? '';
}

/** The Request-URI, or the status line's reason. */
export function startLine(message: string): string {
  return message.split('\r\n', 1)[0] ?? '';
}

export function bodyOf(message: string): string {
  const end = message.indexOf('\r\n\r\n');
  return end < 0 ? '' : message.slice(end + 4);
}
