import { bracketed } from '../base/net/endpoint.ts';
import { HeaderList, SipRequest, type SipResponse } from '../sip/message/index.ts';
import type { NonInviteServerTransaction } from '../sip/transaction/index.ts';
import type { Flow } from '../sip/transport/flow.ts';
import { callerIdOf } from './admission/caller-id.ts';
import { findUser } from './admission/find-user.ts';
import { identifyCaller } from './admission/identify.ts';
import { fromValue } from './b2bua/branches.ts';
import { bodyHeaders, bodyType, type Headers, passedHeaders } from './header-policy.ts';
import { clientAddressHeader, passageOf } from './b2bua/identity-headers.ts';
import type { CallerId } from './b2bua/plan.ts';
import { statusForOtherLeg } from './cause.ts';
import { readDialled } from '../numbering/dialled.ts';
import { numberingPlan } from '../numbering/numbering-plan.ts';
import type { CallServices } from './services.ts';
import type { Binding } from '../registrar/binding.ts';

/** The text of one message; RFC 3428 §8 wants none above the size that fits a datagram. */
const maxBodyOctets = 1300;
/** Messages of one account that its callees' phones have not answered yet. */
const maxUnderWay = 20;

/** One message on its way: what came, who is shown as its sender, and what passes with it. */
interface Text {
  readonly request: SipRequest;
  readonly from: CallerId;
  readonly contentType: string;
  readonly headers: Headers;
}

/**
 * Passes MESSAGE between users of ours (RFC 3428): to every device of the callee, answered when the first device takes
 * it, else by the best of their refusals.
 */
export class MessageService {
  readonly #services: CallServices;
  readonly #underWay = new Map<number, number>();

  constructor(services: CallServices) {
    this.#services = services;
  }

  onMessage(request: SipRequest, flow: Flow): void {
    const { stack, authenticator, directory, registrar, settings } = this.#services;
    const verdict = identifyCaller(this.#services, request, flow);
    if (verdict.kind === 'challenge') {
      const headers = authenticator.challengeHeaders(request, flow, verdict.stale);
      return stack.reply(request, flow, 407, headers);
    }
    if (verdict.kind === 'refused' || verdict.caller.kind === 'guest') return stack.reply(request, flow, 403);
    const { account } = verdict.caller;
    stack.trustConnection(flow);
    // What is refused at once is remembered nowhere.
    if (!account.enabled) return stack.reply(request, flow, 403);
    if (request.body.length > maxBodyOctets) return stack.reply(request, flow, 413);
    const contentType = bodyType(request);
    if (contentType === undefined) return stack.reply(request, flow, 400, undefined, 'Bad Content-Type');
    if ((this.#underWay.get(account.id) ?? 0) >= maxUnderWay) {
      return stack.reply(request, flow, 503, new HeaderList().append('retry-after', '5'));
    }
    const dialled = readDialled(request.uri, numberingPlan(settings(), account), verdict.strip);
    const callee = dialled && findUser(this.#services, dialled);
    if (callee === undefined) return stack.reply(request, flow, 404);
    const bindings = callee.enabled ? registrar.bindingsOf(callee).slice(0, settings().max_forks) : [];
    if (bindings.length === 0) return stack.reply(request, flow, 480);
    const transaction = stack.openRequest(request, flow);
    this.#count(account.id, 1);
    const answer = (status: number): void => {
      if (!transaction.open) return;
      this.#count(account.id, -1);
      respond(stack, transaction, request, status);
    };
    const tellsAddress = settings().forwardclientaddress === 1;
    const from = callerIdOf(request, verdict.caller, directory, settings().allowcalleridchange);
    const passage = passageOf(verdict.caller, callee, from.anonymous, tellsAddress ? '' : flow.remote.address);
    const headers = [...bodyHeaders(request), ...passedHeaders(request, passage)];
    if (tellsAddress) headers.push(...clientAddressHeader(flow));
    this.#fork({ request, from, contentType: contentType || 'text/plain', headers }, bindings, answer);
  }

  #count(accountId: number, change: 1 | -1): void {
    const underWay = (this.#underWay.get(accountId) ?? 0) + change;
    if (underWay > 0) this.#underWay.set(accountId, underWay);
    else this.#underWay.delete(accountId);
  }

  #fork(text: Text, bindings: readonly Binding[], answer: (status: number) => void): void {
    const { stack, registrar } = this.#services;
    const refusals: number[] = [];
    const settle = (status: number): void => {
      if (status < 300) return answer(status);
      refusals.push(statusForOtherLeg(status));
      if (refusals.length === bindings.length) answer(bestOf(refusals));
    };
    for (const binding of bindings) {
      const flow = registrar.flowOf(binding);
      if (flow === undefined) {
        settle(480);
        continue;
      }
      stack.sendRequest(this.#copyFor(text, binding, flow), flow, {
        onResponse: (response: SipResponse) => {
          if (response.status >= 200) settle(response.status);
        },
        onTimeout: () => settle(408),
      });
    }
  }

  #copyFor({ request, from, contentType, headers: passed }: Text, binding: Binding, flow: Flow): SipRequest {
    const { stack } = this.#services;
    const host = bracketed(stack.advertised(flow).address);
    const headers = new HeaderList()
      .append('max-forwards', String(Math.max(0, (request.maxForwards ?? 70) - 1)))
      .append('from', `${fromValue(from, host)};tag=${stack.newTag()}`)
      .append('to', `<sip:${binding.user}@${host}>`)
      .append('call-id', stack.newCallId())
      .append('cseq', '1 MESSAGE')
      .append('content-type', contentType);
    for (const [name, value] of passed) headers.append(name, value);
    for (const uri of binding.path) headers.append('route', `<${uri}>`);
    return new SipRequest('MESSAGE', binding.contact, headers, request.body);
  }
}

/** A 6xx before all, then the lowest class (RFC 3261 §16.7 step 6); silence says least. */
function bestOf(refusals: readonly number[]): number {
  const rank = (status: number): number => (status >= 600 ? 0 : status === 408 ? 900 : status);
  return refusals.toSorted((one, other) => rank(one) - rank(other))[0] ?? 480;
}

function respond(
  stack: CallServices['stack'],
  transaction: NonInviteServerTransaction,
  request: SipRequest,
  status: number,
): void {
  if (transaction.open) transaction.respond(stack.response(request, status, stack.newTag()));
}
