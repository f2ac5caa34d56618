import { assert } from '../../src/base/result/assert.ts';
import {
  createResponse,
  defaultParseLimits,
  parseMessage,
  type SipMessage,
  type SipRequest,
  type SipResponse,
  withToTag,
} from '../../src/sip/message/index.ts';
import { defaultTimers, TransactionLayer } from '../../src/sip/transaction/index.ts';
import type { Flow } from '../../src/sip/transport/flow.ts';
import { seededRandom } from './seeded-random.ts';
import { SimulatedClock } from './simulated-clock.ts';

/** A flow that keeps what it is given, with the time. */
export class RecordedFlow implements Flow {
  readonly transport: 'udp' | 'tcp';
  readonly reliable: boolean;
  readonly local = { address: '192.0.2.1', port: 5060 };
  readonly remote: { readonly address: string; readonly port: number };
  readonly connectionId: number;
  readonly sent: { readonly atMs: number; readonly text: string }[] = [];
  readonly #clock: SimulatedClock;

  constructor(clock: SimulatedClock, transport: 'udp' | 'tcp', remote = { address: '198.51.100.1', port: 5062 }) {
    this.#clock = clock;
    this.transport = transport;
    this.reliable = transport === 'tcp';
    this.connectionId = transport === 'tcp' ? 1 : 0;
    this.remote = remote;
  }

  send(octets: string): void {
    this.sent.push({ atMs: this.#clock.monotonicMs(), text: octets });
  }

  /** When something was sent whose first line begins so. */
  timesOf(start: string): readonly number[] {
    return this.sent.filter(({ text }) => text.startsWith(start)).map(({ atMs }) => atMs);
  }
}

/** A transaction layer alone, over one flow, with everything that it hands up written down. */
export class TransactionBench {
  readonly clock = new SimulatedClock();
  readonly flow: RecordedFlow;
  readonly layer: TransactionLayer;
  /** What the layer's user was told: `INVITE`, `ack`, `stray CANCEL`, `200`, `timeout`, `cancel` ... */
  readonly told: string[] = [];
  mayCancel = true;

  constructor(transport: 'udp' | 'tcp') {
    this.flow = new RecordedFlow(this.clock, transport);
    this.layer = new TransactionLayer(this.clock, seededRandom(1), defaultTimers, {
      onRequest: (request) => this.told.push(request.method),
      onAck: () => this.told.push('ack'),
      onStrayCancel: () => this.told.push('stray CANCEL'),
      mayCancel: () => this.mayCancel,
      answerCancel: (_cancel, _flow, status) => this.told.push(`CANCEL answered ${status}`),
      answerFlow: (_request, flow) => flow,
      isLive: () => true,
      onStrayResponse: ({ status }) => this.told.push(`stray ${status}`),
    });
  }

  /** The user of a client transaction. */
  get user(): { onResponse(response: SipResponse): void; onTimeout(): void } {
    return {
      onResponse: ({ status }) => this.told.push(String(status)),
      onTimeout: () => this.told.push('timeout'),
    };
  }

  request(message: SipRequest): void {
    this.layer.receiveRequest(message, this.flow, this.flow);
  }

  /** A response to a request of ours. */
  response(request: SipRequest, status: number, tag = 'theirs', remote = this.flow.remote): SipResponse {
    const response = withToTag(createResponse(request, status), tag);
    this.layer.receiveResponse(response, new RecordedFlow(this.clock, this.flow.transport, remote));
    return response;
  }
}

export interface RequestFields {
  readonly branch?: string;
  readonly sentBy?: string;
  readonly via?: string;
  readonly seq?: number;
  readonly callId?: string;
  readonly fromTag?: string;
  readonly toTag?: string;
  readonly uri?: string;
  readonly headers?: readonly string[];
  readonly body?: string;
}

/** A request as it comes from the parser. */
export function requestOf(method: string, fields: RequestFields = {}): SipRequest {
  const message = messageOf(requestText(method, fields));
  assert(message.kind === 'request', 'a request was written');
  return message;
}

export function requestText(method: string, fields: RequestFields = {}): string {
  const { branch = 'z9hG4bK1', sentBy = '198.51.100.1:5062', via = `${sentBy};branch=${branch}`, body = '' } = fields;
  const { seq = 1, callId = 'call-1', fromTag = 'from-1', toTag, uri = 'sip:200@192.0.2.1', headers = [] } = fields;
  return [
    `${method} ${uri} SIP/2.0`,
    `Via: SIP/2.0/UDP ${via}`,
    `From: <sip:100@192.0.2.1>${fromTag === '' ? '' : `;tag=${fromTag}`}`,
    `To: <sip:200@192.0.2.1>${toTag === undefined ? '' : `;tag=${toTag}`}`,
    `Call-ID: ${callId}`,
    `CSeq: ${seq} ${method}`,
    ...headers,
    `Content-Length: ${body.length}`,
    '',
    body,
  ].join('\r\n');
}

export function messageOf(text: string): SipMessage {
  const parsed = parseMessage(text, defaultParseLimits);
  assert(parsed.ok, `a test wrote a bad message: ${text}`);
  return parsed.value;
}
