import type { AccountDirectory } from '../accounts/directory.ts';
import type { CallService } from '../call/call-service.ts';
import type { MessageService } from '../call/message-service.ts';
import { findingOf, userAgentOf } from '../guard/findings.ts';
import type { Guard } from '../guard/guard.ts';
import type { StrangerLog } from '../guard/stranger-log.ts';
import { inputProblem } from '../guard/validate-input.ts';
import type { Registrar } from '../registrar/registrar.ts';
import { HeaderList, type SipRequest } from '../sip/message/index.ts';
import { allowedEvents, allowedMethods, capabilities, type SipStack } from '../sip/stack/index.ts';
import type { Flow } from '../sip/transport/index.ts';
import { honeypotUser } from './guard-trust.ts';
import { isForUs, type OwnNames } from './own-domains.ts';

export interface RequestRouterParts {
  readonly stack: SipStack;
  readonly guard: Guard;
  readonly strangers: StrangerLog;
  readonly directory: AccountDirectory;
  readonly registrar: Registrar;
  readonly calls: CallService;
  readonly messages: MessageService;
  readonly names: OwnNames;
  /** Whether somebody at this address is known to us. */
  readonly isKnown: (address: string) => boolean;
}

/** Takes each request outside dialogs to the part that serves it, unless it is for nobody here, or from a device that is refused. */
export class RequestRouter {
  readonly #parts: RequestRouterParts;

  constructor(parts: RequestRouterParts) {
    this.#parts = parts;
  }

  /** Devices that are refused, and names that nobody should know, get no answer, and nothing is done for them. */
  ignores(request: SipRequest, flow: Flow): boolean {
    const { guard, names, isKnown } = this.#parts;
    const userAgent = userAgentOf(request);
    const isRefused = guard.devices.refuses(userAgent) || guard.bans.agentBan(userAgent) !== undefined;
    if (isRefused) {
      guard.observe(findingOf('blocked device', flow, { message: request }));
      return true;
    }
    const user = honeypotUser(request, names.settings());
    if (user === undefined || isKnown(flow.remote.address)) return false;
    guard.observe(findingOf('honeypot', flow, { message: request, user }));
    return true;
  }

  onRequest(request: SipRequest, flow: Flow): void {
    const { stack, registrar, calls, messages } = this.#parts;
    if (!this.#isServed(request, flow)) return;
    switch (request.method) {
      case 'REGISTER':
        return registrar.onRegister(request, flow);
      case 'INVITE':
        return calls.onInvite(request, flow);
      case 'MESSAGE':
        return messages.onMessage(request, flow);
      case 'OPTIONS':
        return this.#onOptions(request, flow);
      case 'SUBSCRIBE':
      case 'PUBLISH':
        return stack.reply(request, flow, 489, new HeaderList().append('allow-events', allowedEvents));
      case 'REFER':
        return stack.reply(request, flow, 405, new HeaderList().append('allow', allowedMethods));
      default:
        return stack.reply(request, flow, 481);
    }
  }

  /** Refuses what asks for other domains than ours, and what has values in it that no phone sends. */
  #isServed(request: SipRequest, flow: Flow): boolean {
    const { stack, guard, strangers, names } = this.#parts;
    if (!isForUs(request, names)) {
      guard.observe(findingOf('other domain', flow, { message: request, user: request.uri }));
      stack.reply(request, flow, 403);
      return false;
    }
    const wrong = inputProblem(request, names.settings().validateinput);
    if (wrong === undefined) return true;
    guard.observe(findingOf('bad value', flow, { message: request }));
    strangers.refused('input refused', flow.remote.address, { ...wrong, callId: request.callId });
    stack.reply(request, flow, 400, undefined, `Bad ${wrong.field}`);
    return false;
  }

  /** Says what we can do, to anybody (RFC 3261 §11.2): it costs one answer, no longer than the question allows. */
  #onOptions(request: SipRequest, flow: Flow): void {
    this.#countQuestion(request, flow);
    this.#parts.stack.reply(request, flow, 200, capabilities());
  }

  /** A stranger that asks for names that nobody has is looking for one that somebody has. */
  #countQuestion(request: SipRequest, flow: Flow): void {
    const { directory, guard, isKnown } = this.#parts;
    const user = request.requestUri?.scheme === 'tel' ? '' : (request.requestUri?.user ?? '');
    if (user === '' || isKnown(flow.remote.address)) return;
    if (directory.accountByName(user) !== undefined || directory.numberOwner(user) !== undefined) return;
    guard.observe(findingOf('unknown number', flow, { message: request, user }));
  }
}
