import type { Cdr } from '../../src/call/record.ts';
import type { PhoneCall } from '../../src/phone/phone-call.ts';
import { strangersMark } from './stranger.ts';
import type { Seen } from './wire.ts';
import type { World } from './world.ts';

/** A broken promise, with the calls that it is about. */
export interface Problem {
  readonly text: string;
  readonly callIds: readonly string[];
}

/** Phones that hold a call for ever through nobody's fault but the server's. */
export function stuckCalls(world: World): Problem[] {
  return world.views.flatMap(({ call, name }) => {
    if (call.state === 'ended') return [];
    const seen = world.wire.of(call.sipCallId);
    if (seen.some(({ life }) => world.lives[life - 1]?.end !== undefined)) return [];
    const wasTold =
      seen.some((one) => one.way === 'out' && endsPhoneCall(one, call)) || isUnheard(seen) || isGivenUp(seen);
    if (wasTold || seen.length === 0) return [];
    const text = `${name} still has ${call.direction} call ${call.state}, and the server has not told it of an end`;
    return [{ text, callIds: [call.sipCallId] }];
  });
}

/** Everything that must hold once all is settled: CDRs fit the wire, each call has one, and each side was told. */
export function brokenPromises(world: World): Problem[] {
  const problems: Problem[] = [...world.wire.problems, ...world.problems].map((text) => ({ text, callIds: [] }));
  const check = (cdr: Cdr, isHeld: boolean, text: string): void => {
    const callee = world.asked.answered.get(cdr.callId)?.callee.callId;
    const callIds = callee === undefined ? [cdr.sipCallId] : [cdr.sipCallId, callee];
    if (!isHeld) problems.push({ text: `${text}; CDR ${describe(cdr)}`, callIds });
  };
  for (const cdr of world.disk.cdrs.values()) {
    check(cdr, cdr.endedAtMs !== undefined && cdr.cause !== '', 'a CDR has no end');
    check(cdr, cdr.sourceAddress !== world.strangerAddress, 'a stranger has made a call');
    const ends = world.asked.ended.get(cdr.callId) ?? [];
    const lives = new Set(ends.map(({ life }) => life));
    check(cdr, lives.size === ends.length, 'one life wrote two CDRs of a call');
    const decision = world.disk.decisions.get(cdr.decisionId);
    const isLost = ends.some(({ life }) => world.lives[life - 1]?.end === 'crashed');
    check(
      cdr,
      cdr.decisionId === '' || isLost || decision?.callId === cdr.callId,
      'the decision that refused a call is lost',
    );
    if (cdr.cause === 'server restart') checkRestart(world, cdr, check);
    else checkCdr(world, cdr, ends[0]?.life ?? 0, check);
  }
  problems.push(...missingCdrs(world), ...phoneViews(world));
  if (world.disk.rows.size > 0)
    problems.push({ text: `${world.disk.rows.size} calls are still on the disk`, callIds: [] });
  return problems;
}

/** What a server that has nothing to do must not hold. */
export function leaks(world: World): Problem[] {
  const { life } = world;
  if (life === undefined) return [{ text: 'no server runs', callIds: [] }];
  const { server, plane } = life;
  const counts: readonly (readonly [string, number])[] = [
    ['calls', server.calls.count],
    ['dialogs', server.stack.dialogs.size],
    ['transactions', server.stack.transactionCount],
    ['media sessions', plane.leaks().length],
    ['lines', server.limits.lines.size + server.limits.serverLines.size + server.limits.emergencies.size],
    ['leases that did not agree with the calls', server.audit.found],
    ['accounts with money held', server.money.heldCounters.size],
    ['metered calls', server.money.size],
    ['bindings', server.registrar.bindings.count],
    ['bindings on the disk', world.disk.bindings.size],
  ];
  return counts.flatMap(([what, count]) =>
    count === 0 ? [] : [{ text: `${count} ${what} are left over`, callIds: [] }],
  );
}

type Check = (cdr: Cdr, isHeld: boolean, text: string) => void;

function checkCdr(world: World, cdr: Cdr, life: number, check: Check): void {
  const caller = world.wire.of(cdr.sipCallId).filter((seen) => seen.life === life && isParty(world, seen));
  // What an INVITE got that was not taken yet, as of an account that was disabled for a moment, is not the call's.
  const finals = firstFinals(caller).filter(({ atMs }) => atMs >= cdr.startedAtMs);
  // A copy of the INVITE before, which had no proof yet, may come late and be answered anew.
  const lastSeq = Math.max(...finals.map(({ seq }) => seq));
  const final = finals.find(({ seq }) => seq === lastSeq);
  const saw200 = final?.status === 200;
  check(cdr, final !== undefined, 'the caller got no final answer');
  check(cdr, !saw200 || cdr.answeredAtMs !== undefined, 'the caller got 200, and the CDR is not answered');
  if (cdr.answeredAtMs === undefined) {
    check(cdr, final?.status === cdr.sipStatus, `the caller got ${final?.status}, the CDR says ${cdr.sipStatus}`);
    check(cdr, cdr.cause !== 'answered', 'a call that was not answered says that it was');
    return;
  }
  check(cdr, cdr.sipStatus === 200, 'an answered call has another status than 200');
  check(cdr, (cdr.endedAtMs ?? 0) >= cdr.answeredAtMs, 'a call ended before it was answered');
  const answer = world.asked.answered.get(cdr.callId);
  // The day of its answer has no room, where the clock was set while it rang: it is over before it is written down.
  const isCutAtOnce = world.wall.wasSet && ['limit reached', 'credit used up'].includes(cdr.cause);
  if (answer === undefined) {
    return check(cdr, cdr.cause === 'media refused' || isCutAtOnce, 'an answer was not written down');
  }
  const callee = world.wire.of(answer.callee.callId).filter((seen) => seen.life === life && isParty(world, seen));
  const first200 = callee.find((seen) => seen.way === 'in' && seen.status === 200 && seen.method === 'INVITE');
  check(cdr, first200?.atMs === cdr.answeredAtMs, `the callee's 200 came at ${first200?.atMs}`);
  const calleeByes = callee.filter(
    (seen) => isBye(seen) && !isRefused(seen, callee) && tagsOf(seen).includes(answer.callee.remoteTag),
  );
  // A CANCEL that crosses the 200 has no effect (RFC 3261 §9.2). An INVITE that the caller repeats after a crash makes a
  // new call; the BYE for the one before, which this server sent when it started, was of that one.
  const callerByes = caller.filter(
    (seen) =>
      seen.atMs >= cdr.startedAtMs &&
      ((isBye(seen) && !isRefused(seen, caller)) || (!saw200 && seen.method === 'CANCEL' && seen.status === 0)),
  );
  check(cdr, calleeByes.length > 0, 'the callee had no BYE');
  // The BYE waits up to 32 s for the ACK of our last 200 (RFC 3261 §15), which a crash may forestall.
  const crashedAtMs = world.lives[life - 1]?.crashedAtMs ?? Number.POSITIVE_INFINITY;
  const isCut = crashedAtMs - (cdr.endedAtMs ?? 0) < 33_000;
  if (saw200 && !isCut) check(cdr, callerByes.some(isBye), 'the caller had no BYE');
  const ends = [...calleeByes, ...callerByes].toSorted((one, other) => one.atMs - other.atMs);
  check(cdr, ends[0]?.atMs === cdr.endedAtMs, `the first sign of the end was at ${ends[0]?.atMs}`);
  const by = ends.filter(({ atMs }) => atMs === ends[0]?.atMs);
  const cameFrom = { caller: callerByes, callee: calleeByes, system: by.filter(({ way }) => way === 'out') }[
    cdr.endedBy
  ];
  check(
    cdr,
    by.some((seen) => cameFrom.includes(seen)),
    `the end did not come from the ${cdr.endedBy}`,
  );
}

/** A call that the crash interrupted: its times are those that were on the disk, and both legs got a BYE if both were known. */
function checkRestart(world: World, cdr: Cdr, check: Check): void {
  const begun = world.asked.begun.get(cdr.callId);
  const life = world.lives[(begun?.life ?? 0) - 1];
  check(cdr, life?.end === 'crashed', `server ${begun?.life} did not crash`);
  if (cdr.answeredAtMs === undefined) return;
  const answer = world.asked.answered.get(cdr.callId);
  check(cdr, answer?.answeredAtMs === cdr.answeredAtMs, 'the time of the answer is not the one that was written down');
  for (const leg of [answer?.caller, answer?.callee]) {
    const byes = world.wire
      .of(leg?.callId ?? '')
      .filter((seen) => seen.life > (begun?.life ?? 0) && seen.way === 'out');
    check(cdr, byes.some(isBye), `a leg got no BYE after the restart: ${leg?.callId}`);
  }
}

/** Every attempt that was admitted, or refused with its caller proven, has one CDR and no second. */
function missingCdrs(world: World): Problem[] {
  const problems: Problem[] = [];
  const byCall = new Map<string, Cdr[]>();
  for (const cdr of world.disk.cdrs.values()) byCall.set(cdr.sipCallId, [...(byCall.get(cdr.sipCallId) ?? []), cdr]);
  for (const [callId, seen] of world.wire.byCallId) {
    const cdrs = byCall.get(callId) ?? [];
    // A request that is sent again after a crash is a new attempt to the next server.
    const lives = cdrs.map(
      (cdr) => world.asked.begun.get(cdr.callId)?.life ?? world.asked.ended.get(cdr.callId)?.[0]?.life,
    );
    if (new Set(lives).size < cdrs.length)
      problems.push({ text: `${cdrs.length} CDRs of one call`, callIds: [callId] });
    const first = seen.find((one) => one.way === 'in' && one.method === 'INVITE' && one.status === 0);
    if (first === undefined || first.toTag !== '' || !isParty(world, first)) continue;
    const proven = seen.find((one) => one.way === 'out' && one.method === 'INVITE' && isProof(world, one));
    if (proven === undefined || cdrs.length > 0 || world.lives[proven.life - 1]?.end === 'crashed') continue;
    problems.push({ text: `an attempt that got ${proven.status} has no CDR`, callIds: [callId] });
  }
  return problems;
}

/** What phones believe of their calls, beside what the CDR says. */
function phoneViews(world: World): Problem[] {
  const cdrs = new Map([...world.disk.cdrs.values()].map((cdr) => [cdr.sipCallId, cdr]));
  return world.views.flatMap(({ call, name }) => {
    const callIds = [call.sipCallId];
    if (call.state !== 'ended')
      return [{ text: `${name} cannot end its ${call.direction} call (${call.state})`, callIds }];
    if (call.peer.includes(strangersMark) || call.peer.includes('mallory')) {
      return [{ text: `a stranger has rung ${name}`, callIds }];
    }
    const cdr = cdrs.get(call.sipCallId);
    if (call.direction === 'incoming' || cdr === undefined || cdr.cause === 'server restart') return [];
    if (call.answeredAtMs === undefined) return [];
    if (cdr.answeredAtMs === undefined) {
      return [{ text: `${name} was connected, and its CDR says: ${describe(cdr)}`, callIds }];
    }
    // Who was told only when the faults were over, or never, has another duration through the network's fault.
    if ((call.endedAtMs ?? 0) >= world.settlingSinceMs) return [];
    // A BYE that waits for the ACK of our last 200 (RFC 3261 §15) dies with the server.
    const ends = world.asked.ended.get(cdr.callId) ?? [];
    const crashes = ends.map(({ life }) => world.lives[life - 1]?.crashedAtMs ?? Number.POSITIVE_INFINITY);
    if (crashes.some((atMs) => atMs - (cdr.endedAtMs ?? 0) < 33_000)) return [];
    const phoneMs = (call.endedAtMs ?? 0) - call.answeredAtMs;
    const cdrMs = (cdr.endedAtMs ?? 0) - cdr.answeredAtMs;
    if (Math.abs(phoneMs - cdrMs) > world.durationToleranceMs) {
      return [{ text: `${name} was connected for ${phoneMs} ms, its CDR says ${cdrMs}: ${describe(cdr)}`, callIds }];
    }
    return [];
  });
}

/** Final answers of the server to the INVITEs that began a call, in order. */
function firstFinals(caller: readonly Seen[]): readonly Seen[] {
  const initial = new Set(
    caller.filter((seen) => isInvite(seen) && seen.way === 'in' && seen.toTag === '').map(({ seq }) => seq),
  );
  return caller.filter(
    (seen) => seen.way === 'out' && seen.method === 'INVITE' && seen.status >= 200 && initial.has(seen.seq),
  );
}

function isProof(world: World, { status, atMs, life }: Seen): boolean {
  if (status === 0 || status === 407 || status === 482) return false;
  // A disabled account proves nothing, and is told what a stranger is told.
  if (status === 403 && world.disabledTimes.some(({ fromMs, untilMs }) => atMs >= fromMs && atMs <= untilMs))
    return false;
  const drainedSinceMs = world.lives[life - 1]?.drainedSinceMs;
  return !(status === 503 && drainedSinceMs !== undefined && atMs >= drainedSinceMs);
}

/** Whether a message of the server tells a phone that its call, as it knows it, is over. */
function endsPhoneCall(seen: Seen, { state, direction }: PhoneCall): boolean {
  if (state === 'up') return isBye(seen);
  // A BYE says nothing to a phone that has not seen the 200 yet (RFC 3261 §15 wants the ACK first).
  if (direction === 'outgoing') return seen.method === 'INVITE' && seen.status >= 300;
  return seen.method === 'CANCEL' && seen.status === 0;
}

/** A 200 that was repeated for 32 s and never acknowledged: its phone was cut off all the time. */
function isUnheard(seen: readonly Seen[]): boolean {
  return seen.filter((one) => one.way === 'out' && one.status === 200 && one.method === 'INVITE').length > 8;
}

/** An INVITE that the server repeated until timer B: who answers only then cannot be told of the end any more. */
function isGivenUp(seen: readonly Seen[]): boolean {
  return seen.filter((one) => one.way === 'out' && isInvite(one)).length > 6;
}

function isParty(world: World, { peer }: Seen): boolean {
  return peer.address !== world.strangerAddress;
}

function isInvite({ method, status }: Seen): boolean {
  return method === 'INVITE' && status === 0;
}

function isBye({ method, status }: Seen): boolean {
  return method === 'BYE' && status === 0;
}

/** A BYE out of order: 500, and it ends nothing (RFC 3261 §12.2.2). */
function isRefused({ seq, way }: Seen, dialog: readonly Seen[]): boolean {
  return (
    way === 'in' &&
    dialog.some((seen) => seen.way === 'out' && seen.method === 'BYE' && seen.seq === seq && seen.status === 500)
  );
}

function tagsOf({ fromTag, toTag }: Seen): readonly string[] {
  return [fromTag, toTag];
}

function describe(cdr: Cdr): string {
  const { callerName, dialledNumber, startedAtMs, answeredAtMs, endedAtMs, cause, sipStatus, endedBy } = cdr;
  const since = (atMs: number | undefined): string => (atMs === undefined ? '-' : `+${atMs - startedAtMs}`);
  return `${callerName}>${dialledNumber} at ${startedAtMs}, answered ${since(answeredAtMs)}, ended ${since(endedAtMs)}, ${cause} ${sipStatus} by ${endedBy}`;
}
