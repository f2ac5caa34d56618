import type { Endpoint } from '../../src/base/net/endpoint.ts';
import type { Clock } from '../../src/base/time/clock.ts';

/** One message as it passed the server's sockets. */
export interface Seen {
  readonly atMs: number;
  /** Which server, counted from 1: a restart begins another life. */
  readonly life: number;
  readonly way: 'in' | 'out';
  readonly peer: Endpoint;
  /** 0 for a request. */
  readonly status: number;
  readonly method: string;
  readonly seq: number;
  readonly callId: string;
  readonly fromTag: string;
  readonly toTag: string;
  readonly branch: string;
  /** The port in the Via, which names the same transaction as the branch does. */
  readonly sentBy: string;
}

const maxLines = 20_000;

/** Everything that passed the server's sockets, and what was done to it: the truth of the checks and the trace of a failure. */
export class Wire {
  readonly byCallId = new Map<string, Seen[]>();
  /** A first rule that was broken on the wire itself. */
  readonly problems: string[] = [];
  readonly names = new Map<string, string>();
  /** Addresses whose UDP packets are lost, both ways. */
  readonly unplugged = new Set<string>();
  /** Dialogs and branches that an eavesdropper has seen. */
  lastInvite: Seen | undefined;
  lastDialog: Seen | undefined;
  readonly #clock: Clock;
  readonly #startMs: number;
  readonly #lines: { readonly text: string; readonly callId: string; readonly isNote: boolean }[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#startMs = clock.wallMs();
  }

  of(callId: string): readonly Seen[] {
    return this.byCallId.get(callId) ?? [];
  }

  record(life: number, way: 'in' | 'out', peer: Endpoint, text: string): Seen | undefined {
    const seen = glance(text, { atMs: this.#clock.wallMs(), life, way, peer });
    const name = this.names.get(peer.address) ?? peer.address;
    const [first = ''] = text.split('\r\n', 1);
    const arrow = way === 'in' ? `${name} -> server` : `${name} <- server`;
    const about = seen === undefined ? '' : ` [${seen.seq} ${seen.method} ${seen.callId.slice(0, 6)}]`;
    const line = `${arrow.padEnd(22)} ${first.slice(0, 80).replace(/[^\x20-\x7e]/g, '?')}${about}`;
    this.#write(line, seen?.callId ?? '', false);
    if (seen === undefined) return undefined;
    const list = this.byCallId.get(seen.callId);
    if (list === undefined) this.byCallId.set(seen.callId, [seen]);
    else list.push(seen);
    if (seen.method === 'INVITE' && seen.status === 0 && way === 'in' && seen.toTag === '') this.lastInvite = seen;
    if (seen.method === 'INVITE' && seen.status === 200) this.lastDialog = seen;
    return seen;
  }

  /** Writes down what was done to the world. */
  note(text: string): void {
    this.#write(text, '', true);
  }

  #write(text: string, callId: string, isNote: boolean): void {
    const seconds = ((this.#clock.wallMs() - this.#startMs) / 1000).toFixed(3).padStart(9);
    if (this.#lines.length >= maxLines) this.#lines.splice(0, maxLines / 2);
    this.#lines.push({ text: `${seconds} ${text}`, callId, isNote });
  }

  /** The last lines of the trace: what these calls sent and what was done meanwhile, or everything. */
  trace(callIds: readonly string[], count: number): string {
    const own = (line: { readonly callId: string }): boolean => callIds.includes(line.callId);
    const first = this.#lines.findIndex(own);
    const last = this.#lines.findLastIndex(own);
    const lines = first < 0 ? this.#lines : this.#lines.slice(first, last + 1);
    return lines
      .filter((line) => first < 0 || own(line) || line.isNote)
      .slice(-count)
      .map(({ text }) => text)
      .join('\n');
  }
}

function glance(text: string, at: Pick<Seen, 'atMs' | 'life' | 'way' | 'peer'>): Seen | undefined {
  const status = /^SIP\/2\.0 (\d{3})/.exec(text)?.[1];
  const cseq = /^cseq:\s*(\d+)\s+(\S+)/im.exec(text);
  const callId = /^(?:call-id|i):\s*(\S+)/im.exec(text)?.[1];
  if (cseq === null || callId === undefined) return undefined;
  const from = /^(?:from|f):(.*)$/im.exec(text)?.[1] ?? '';
  const to = /^(?:to|t):(.*)$/im.exec(text)?.[1] ?? '';
  const via = /^(?:via|v):\s*SIP\/2\.0\/\w+\s+([^;\s]+)(.*)$/im.exec(text);
  return {
    ...at,
    status: status === undefined ? 0 : Number(status),
    method: cseq[2] ?? '',
    seq: Number(cseq[1]),
    callId,
    fromTag: /;tag=([^;\s]+)/.exec(from)?.[1] ?? '',
    toTag: /;tag=([^;\s]+)/.exec(to)?.[1] ?? '',
    branch: /;branch=([^;\s]+)/.exec(via?.[2] ?? '')?.[1] ?? '',
    sentBy: via?.[1] ?? '',
  };
}
