import { type Endpoint, formatEndpoint } from '../../src/base/net/endpoint.ts';
import type { Random } from '../../src/base/random/random.ts';
import type { Network, UdpSocket } from '../../src/sip/transport/ports.ts';
import type { Wire } from './wire.ts';

const methods = [
  'INVITE',
  'REGISTER',
  'MESSAGE',
  'OPTIONS',
  'BYE',
  'CANCEL',
  'SUBSCRIBE',
  'REFER',
  'ACK',
  'INFO',
  'FOO',
];

/** What every INVITE and MESSAGE of the stranger carries, and no phone may ever see. */
export const strangersMark = 'mark of the stranger';

/** Somebody without an account, who also overhears the network: garbage, requests without proof, forged dialogs. */
export class Stranger {
  readonly local: Endpoint;
  readonly #server: Endpoint;
  readonly #victim: Endpoint;
  readonly #random: Random;
  readonly #wire: Wire;
  #socket: UdpSocket | undefined;

  constructor(local: Endpoint, server: Endpoint, victim: Endpoint, random: Random, wire: Wire) {
    this.local = local;
    this.#server = server;
    this.#victim = victim;
    this.#random = random;
    this.#wire = wire;
  }

  async start(network: Network): Promise<void> {
    this.#socket = await network.bindUdp(this.local, () => {});
  }

  close(): void {
    this.#socket?.close();
  }

  attack(): void {
    const draw = this.#random.below(10);
    if (draw === 0) this.#send(this.#noise());
    else if (draw === 1) this.#send(this.#request('INVITE').slice(0, this.#random.below(400)));
    else if (draw === 2) this.#stolenDialog();
    else if (draw === 3) this.#stolenCancel();
    else if (draw === 4) this.#send(this.#response());
    else this.#send(this.#request(methods[this.#random.below(methods.length)] ?? 'INVITE'));
  }

  #send(text: string): void {
    this.#socket?.send(Buffer.from(text, 'latin1'), this.#server);
  }

  #noise(): string {
    return Array.from({ length: this.#random.below(300) }, () => String.fromCharCode(this.#random.below(256))).join('');
  }

  #request(method: string): string {
    const victim = formatEndpoint(this.#victim);
    const target = ['anna', 'bert', '0043155555', 'nobody'][this.#random.below(4)];
    const rport = this.#random.below(2) === 0 ? '' : ';rport';
    const body = `v=0\r\no=- 1 1 IN IP4 ${this.#victim.address}\r\ns=-\r\nc=IN IP4 ${this.#victim.address}\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n`;
    const from = ['anna', 'mallory', '43155555'][this.#random.below(3)];
    return [
      `${method} sip:${target}@example.org SIP/2.0`,
      `Via: SIP/2.0/UDP ${victim};branch=z9hG4bK${this.#random.hex(6)}${rport}`,
      `Record-Route: <sip:${victim};lr>`,
      `From: <sip:${from}@example.org>;tag=${this.#random.hex(4)}`,
      `To: <sip:${target}@example.org>`,
      `Call-ID: ${this.#random.hex(8)}`,
      `CSeq: ${this.#random.below(100)} ${method}`,
      `Contact: <sip:mallory@${victim}>`,
      `Max-Forwards: ${this.#random.below(5) * 20}`,
      `Subject: ${strangersMark}`,
      ...(this.#random.below(8) === 0 ? ['Require: 100rel'] : []),
      'Content-Type: application/sdp',
      `Content-Length: ${body.length}`,
      '',
      body,
    ].join('\r\n');
  }

  /** A BYE, INFO or re-INVITE with the true tags of somebody else's call. */
  #stolenDialog(): void {
    const dialog = this.#wire.lastDialog;
    if (dialog === undefined) return;
    const method = ['BYE', 'INFO', 'INVITE', 'ACK'][this.#random.below(4)] ?? 'BYE';
    // Outgoing responses answer the caller, incoming ones come from the callee: the peer's tag is the From of its requests.
    const [peerTag, ourTag] = dialog.way === 'out' ? [dialog.fromTag, dialog.toTag] : [dialog.toTag, dialog.fromTag];
    this.#send(
      this.#request(method)
        .replace(/^(From:.*;tag=).*$/m, `$1${peerTag}`)
        .replace(/^(To:.*)$/m, `$1;tag=${ourTag}`)
        .replace(/^Call-ID:.*$/m, `Call-ID: ${dialog.callId}`)
        .replace(/^CSeq:.*$/m, `CSeq: ${dialog.seq + 1} ${method}`),
    );
  }

  #stolenCancel(): void {
    const invite = this.#wire.lastInvite;
    if (invite === undefined) return;
    this.#send(
      this.#request('CANCEL')
        .replace(/^Via:.*$/m, `Via: SIP/2.0/UDP ${invite.sentBy};branch=${invite.branch}`)
        .replace(/^Call-ID:.*$/m, `Call-ID: ${invite.callId}`)
        .replace(/^CSeq:.*$/m, `CSeq: ${invite.seq} CANCEL`),
    );
  }

  #response(): string {
    return this.#request('INVITE').replace(/^INVITE .*$/m, `SIP/2.0 ${100 + this.#random.below(500)} Hello`);
  }
}
