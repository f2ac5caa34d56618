import { fail, ok, type Result } from '../base/result/result.ts';
import type { Timer } from '../base/time/clock.ts';
import { HeaderList, parseContacts, SipRequest, type SipResponse } from '../sip/message/index.ts';
import { failureOf, sendRequest } from './client-request.ts';
import type { PhoneContext, PhoneFailure } from './phone-context.ts';

/** What the registrar granted. */
export interface Registered {
  readonly expiresS: number;
}

/** Keeps the phone's binding at the registrar (RFC 3261 §10.2): one Call-ID, rising CSeq, renewed before it expires. */
export class Registration {
  readonly #context: PhoneContext;
  readonly #registrar: string;
  readonly #callId: string;
  readonly #tag: string;
  #seq = 0;
  #renewal: Timer | undefined;
  #validUntilMs = 0;

  /** @param registrar Request-URI of a REGISTER: the domain. */
  constructor(context: PhoneContext, registrar: string) {
    this.#context = context;
    this.#registrar = registrar;
    this.#callId = context.stack.newCallId();
    this.#tag = context.stack.newTag();
  }

  get isActive(): boolean {
    return this.#context.clock.monotonicMs() < this.#validUntilMs;
  }

  /** Registers for so many seconds, and again each time that four fifths of what was granted are over. 0 unregisters. */
  register(expiresS: number): Promise<Result<Registered, PhoneFailure>> {
    this.stop();
    return new Promise((resolve) => {
      sendRequest(
        this.#context,
        () => this.#request(expiresS),
        (response) => resolve(this.#judge(response, expiresS)),
      );
    });
  }

  /** Lets the binding expire. */
  stop(): void {
    this.#renewal?.cancel();
    this.#renewal = undefined;
  }

  #judge(response: SipResponse | undefined, askedS: number): Result<Registered, PhoneFailure> {
    if (response === undefined || response.status >= 300) {
      this.#validUntilMs = 0;
      return fail(failureOf(response));
    }
    const { clock, stack, user } = this.#context;
    const own = stack.contact(this.#context.flow(), user);
    const expiresS = Math.min(askedS, grantedS(response, own) ?? askedS);
    this.#validUntilMs = clock.monotonicMs() + expiresS * 1000;
    this.stop();
    if (expiresS > 0) this.#renewal = clock.after(expiresS * 800, () => void this.register(askedS));
    return ok({ expiresS });
  }

  #request(expiresS: number): SipRequest {
    const { stack, address, user } = this.#context;
    this.#seq++;
    const headers = new HeaderList()
      .append('max-forwards', '70')
      .append('from', `<${address}>;tag=${this.#tag}`)
      .append('to', `<${address}>`)
      .append('call-id', this.#callId)
      .append('cseq', `${this.#seq} REGISTER`)
      .append('contact', `${stack.contact(this.#context.flow(), user)};expires=${expiresS}`);
    return new SipRequest('REGISTER', this.#registrar, headers, '');
  }
}

/** The lifetime of our own binding among those that the registrar lists (RFC 3261 §10.2.4). */
function grantedS(response: SipResponse, own: string): number | undefined {
  const contacts = parseContacts(response.headers);
  if (!contacts.ok || contacts.value === '*') return undefined;
  const mine = contacts.value.find(({ uri }) => `<${uri}>` === own);
  const expires = mine?.params.get('expires') ?? response.headers.get('expires') ?? '';
  return /^\d{1,10}$/.test(expires) ? Number(expires) : undefined;
}
