import { parsePrefix, type Prefix } from '../../base/net/prefix.ts';
import { bracketed, inFamilyOf } from '../../base/net/endpoint.ts';
import type { Account } from '../../accounts/model.ts';
import type { Settings } from '../../settings/index.ts';
import type { SessionTimerPolicy } from '../../sip/dialog/index.ts';
import { HeaderList, type SipRequest } from '../../sip/message/index.ts';
import { type Flow, isSecure } from '../../sip/transport/flow.ts';
import type { SessionOptions } from '../leg/session-options.ts';
import { findingOf } from '../../guard/findings.ts';
import { TrunkCredentials } from '../leg/trunk-credentials.ts';
import type { CallServices } from '../services.ts';
import type { RouteStep } from '../routing/route.ts';
import { trunkPeer } from '../trunks/hop-target.ts';
import { trunkUri } from '../trunks/trunk-uri.ts';
import { deviceFlow } from './device-flow.ts';
import { checkDialogSource, mayAcknowledge } from './dialog-source.ts';
import type { Branch } from './attempt.ts';
import { passedHeaders } from '../header-policy.ts';
import { clientAddressHeader, identityHeaders, passageOf } from './identity-headers.ts';
import type { SideWatch } from './side-watch.ts';
import type { BridgeOptions, BridgeSide } from './media-bridge.ts';
import type { CallerId, CallPlan } from './plan.ts';
import { safeUser } from './safe-user.ts';

/** The call that a branch is dialled for: what came from its caller, and who watches the side that answers. */
export interface DialledFor {
  readonly request: SipRequest;
  readonly flow: Flow;
  readonly calleeWatch: SideWatch;
}

/**
 * The branches of a step that can be dialled now; none where no device or address is reachable. `offerFor`
 * gives the offer for a side (none where the callee is to make it), or undefined where no media port is left for it.
 */
export function branchesOf(
  services: CallServices,
  plan: CallPlan,
  { destination, hop }: RouteStep,
  { request, flow: callerFlow, calleeWatch }: DialledFor,
  offerFor: (side: BridgeSide) => { readonly sdp: string | undefined } | undefined,
): readonly Branch[] {
  const { account } = destination;
  const tellsAddress = services.settings().forwardclientaddress === 1;
  const hidden = tellsAddress ? '' : callerFlow.remote.address;
  const passed = passedHeaders(request, passageOf(plan.caller, account, plan.callerId.anonymous, hidden));
  const told = tellsAddress ? clientAddressHeader(callerFlow) : [];
  // A `sips:` address is only reached where nobody listens on the way (RFC 3261 §26.2.2).
  const mustBeSecure = request.requestUri?.scheme === 'sips';
  const build = (flow: Flow, target: Target): Branch[] => {
    if (mustBeSecure && !isSecure(flow.transport)) return [];
    const side = bridgeSide(services, account, flow);
    const offer = offerFor(side);
    if (offer === undefined) return [];
    const host = bracketed(services.stack.advertised(flow).address);
    const spec = {
      requestUri: target.requestUri,
      from: fromValue(plan.callerId, host),
      to: `<${target.to}>`,
      routes: target.routes,
      maxForwards: Math.max(0, (request.maxForwards ?? 70) - 1),
      sdp: offer.sdp,
      reliable: offer.sdp !== undefined,
      headers: [...passed, ...told, ...identityHeaders(plan.callerId, account, host)],
    };
    return [
      { flow, spec, session: sessionOptions(services, account, flow, contactUserOf(plan.callerId), calleeWatch), side },
    ];
  };
  if (destination.kind === 'trunk') {
    const peer = trunkPeer(destination.trunk);
    const flow = hop === undefined ? undefined : services.stack.flowTo(hop.transport, hop, undefined, peer);
    const uri = trunkUri(destination.trunk, safeUser(destination.sentNumber));
    return flow === undefined ? [] : build(flow, { requestUri: uri, to: uri, routes: [] });
  }
  return destination.bindings.slice(0, services.settings().max_forks).flatMap((binding) => {
    const flow = services.registrar.flowOf(binding);
    if (flow === undefined) return [];
    const host = bracketed(services.stack.advertised(flow).address);
    const routes = binding.path.map((uri) => `<${uri}>`);
    return build(flow, { requestUri: binding.contact, to: `sip:${binding.user}@${host}`, routes });
  });
}

/** How a leg towards, or from, this account behaves in its dialog, which begins on the given flow. */
export function sessionOptions(
  services: CallServices,
  account: Account | undefined,
  beganOn: Flow,
  contactUser: string,
  watch: SideWatch,
): SessionOptions {
  const { stack, clock, timers, random, settings } = services;
  const trunk = account?.trunk;
  const movedTo = deviceFlow(services, account, beganOn);
  watch.speaksFrom(beganOn);
  return {
    stack,
    clock,
    random,
    timers,
    sessionTimer: trunk?.useSessionTimer === false ? 'off' : sessionTimerPolicy(settings()),
    use100rel: trunk?.use100rel !== false,
    contactUser: safeUser(contactUser),
    checkSource: (request, flow, dialogFlow) => {
      const now = movedTo(dialogFlow) ?? dialogFlow;
      const verdict = checkDialogSource(services, account, request, flow, now);
      if (verdict !== 'ok') {
        if (verdict.status === 407) watch.challenge.challenged();
        return verdict;
      }
      watch.challenge.proven();
      watch.speaksFrom(flow);
      if (request.method === 'BYE' || watch.signalling.request() === 'goes on') return 'ok';
      return { status: 481, headers: new HeaderList() };
    },
    signalling: watch.signalling,
    mayAcknowledge: (flow, dialogFlow) => mayAcknowledge(services, account, flow, movedTo(dialogFlow) ?? dialogFlow),
    movedTo,
    credentials: trunk?.authPassword === undefined ? undefined : new TrunkCredentials(trunk, random),
    onUnwantedChallenge: () => {
      const { guard, strangerLog } = services;
      guard.observe(findingOf('unwanted challenge', beganOn, { evidence: 'dialog', user: account?.name ?? '' }));
      strangerLog.refused('challenge not answered', beganOn.remote.address, { account: account?.name ?? 'guest' });
    },
    // What a phone or a stranger writes is not even asked for in DNS.
    namedHops: (target) => {
      if (account?.trunk === undefined) return [];
      const { sipServers } = services;
      const own = sipServers.knownHops(target).filter(({ address }) => isConfiguredFor(services, account, address));
      return own.map((hop) => ({ ...hop, isHeld: sipServers.isHeld(account, hop) }));
    },
  };
}

/** What we ask of session timers on every leg [session.session-timer-timeout]. */
export function sessionTimerPolicy(settings: Settings): SessionTimerPolicy {
  return { intervalS: settings.session_timer_timeout, minS: settings.session_timer_min };
}

/** A SIP server may name another next hop, but only one of its configured addresses: nobody else makes us send anywhere. */
function isConfiguredFor({ directory, sipServers }: CallServices, account: Account, address: string): boolean {
  if (sipServers.addresses.isOf(account.id, address)) return true;
  return directory.sipServersAt(address).some(({ id }) => id === account.id);
}

/** What the media plane must know of a leg: whose it is, and which private networks its media may live in. */
export function bridgeSide(services: CallServices, account: Account | undefined, flow: Flow): BridgeSide {
  const enduser = account === undefined || account.kind === 'enduser';
  const declared = [...services.settings().media_networks, ...(account?.mediaNetworks ?? [])];
  // A phone has proven that it receives at its signalling address, so its media may live there, private or not.
  if (enduser) declared.push(flow.remote.address);
  return {
    party: enduser ? 'enduser' : 'server',
    signallingAddress: flow.remote.address,
    allowedNetworks: declared.flatMap(asPrefix),
    ownAddress: shownMediaAddress(services.settings(), services.stack.advertised(flow).address),
  };
}

/** Our address in the SDP for a peer that is told `advertised` in SIP: a peer outside does not reach the inner ones. */
function shownMediaAddress({ public_address, media_address }: Settings, advertised: string): string {
  if (public_address.includes(advertised)) return advertised;
  return inFamilyOf(advertised, media_address) ?? advertised;
}

/** The settings and parts that every media bridge of ours takes. */
export function bridgeOptions(
  services: CallServices,
  told: Pick<BridgeOptions, 'onEnd' | 'onRefusedTarget'>,
): BridgeOptions {
  const { plane, settings, random, ownAddresses, relayAddressFor } = services;
  const { media_timeout, media_timeout_hold, checkrtpaddr, start_rtp_port, end_rtp_port } = settings();
  return {
    plane,
    silenceMs: media_timeout * 1000,
    holdSilenceMs: media_timeout_hold * 1000,
    sourceCheck: checkrtpaddr,
    relayAddressFor,
    ownAddresses: ownAddresses(),
    ownPorts: [start_rtp_port, end_rtp_port],
    newSessionId: () => String(random.below(2 ** 31)),
    ...told,
  };
}

interface Target {
  readonly requestUri: string;
  readonly to: string;
  readonly routes: readonly string[];
}

/** Who hides its number hides it in the Contact too. */
export function contactUserOf({ user, anonymous }: CallerId): string {
  return anonymous ? '' : user;
}

/** The From value for a callee, without a tag. */
export function fromValue({ displayName, user, anonymous }: CallerId, host: string): string {
  if (anonymous) return '"Anonymous" <sip:anonymous@anonymous.invalid>';
  const quoted = displayName === '' ? '' : `"${displayName.replace(/["\\]/g, '\\$&')}" `;
  return `${quoted}<sip:${safeUser(user)}@${host}>`;
}

function asPrefix(text: string): Prefix[] {
  const prefix = parsePrefix(text);
  return prefix.ok ? [prefix.value] : [];
}
