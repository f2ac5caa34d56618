import type { Random } from '../../src/base/random/random.ts';
import type { Phone } from '../../src/phone/phone.ts';
import type { PhoneCall } from '../../src/phone/phone-call.ts';
import { ownNumber, userNames } from './directory.ts';
import { prepaidIds } from './money.ts';
import type { World } from './world.ts';

interface Action {
  readonly name: string;
  /** How often it is drawn, beside the others. */
  readonly weight: number;
  /** @returns what was done, for the trace; undefined where there was nothing to do. */
  readonly act: (world: World) => Promise<string | undefined> | string | undefined;
}

const targets = [
  ...userNames,
  ...userNames,
  '00431555',
  '0049301234',
  '00441234567',
  '00431556',
  '0049301235',
  'nobody',
  '99',
] as const;
const answers = [true, true, true, true, 486, 603, 480, 404, false] as const;

const actions: readonly Action[] = [
  { name: 'call', weight: 30, act: call },
  { name: 'carrier calls', weight: 4, act: carrierCalls },
  { name: 'gateway calls', weight: 6, act: (world) => world.lateCaller.call().slice(0, 6) },
  { name: 'hang up', weight: 14, act: hangUp },
  { name: 'hang up both', weight: 4, act: hangUpBoth },
  { name: 'hold or resume', weight: 8, act: hold },
  { name: 'glare', weight: 4, act: glare },
  { name: 'digits', weight: 4, act: digits },
  { name: 'message', weight: 4, act: message },
  { name: 'policy', weight: 12, act: policy },
  { name: 'register', weight: 5, act: register },
  { name: 'unregister', weight: 2, act: unregister },
  { name: 'unplug', weight: 2, act: unplug },
  { name: 'attack', weight: 10, act: attack },
  { name: 'top-up', weight: 6, act: topUp },
  { name: 'transfer', weight: 3, act: transfer },
  { name: 'disable', weight: 1, act: disable },
  { name: 'set clock', weight: 2, act: setClock },
  { name: 'move', weight: 1, act: moveServer },
  { name: 'rush', weight: 2, act: rush },
  { name: 'crash', weight: 1, act: crash },
  { name: 'drain', weight: 1, act: drain },
];
const totalWeight = actions.reduce((sum, { weight }) => sum + weight, 0);

/** Does one thing that chance picks. */
export async function actAtRandom(world: World): Promise<void> {
  let draw = world.random.below(totalWeight);
  const action = actions.find(({ weight }) => {
    draw -= weight;
    return draw < 0;
  });
  const done = await action?.act(world);
  if (done !== undefined) world.wire.note(`.... ${action?.name}: ${done}`);
}

/** Every phone registers, as at the start of a day. */
export function registerAll(world: World): void {
  for (const phone of world.phones.slice(0, -1)) void phone.register(60 + world.random.below(200));
}

function call(world: World): string | undefined {
  const phone = pick(world.random, world.phones.slice(0, -1));
  const target = pick(world.random, targets);
  if (phone === undefined || target === undefined) return undefined;
  return dial(world, phone, target);
}

function carrierCalls(world: World): string | undefined {
  const phone = world.phones.at(-1);
  return phone === undefined ? undefined : dial(world, phone, ownNumber);
}

function dial(world: World, phone: Phone, target: string): string {
  const made = phone.call(target);
  const name = world.wire.names.get(phone.local.address) ?? '';
  if (made.state !== 'ended') world.views.push({ phone, call: made, name });
  return `${name} calls ${target} [${made.sipCallId.slice(0, 6)}]`;
}

function hangUp(world: World): string | undefined {
  const found = pick(world.random, liveCalls(world));
  found?.hangUp();
  return found === undefined ? undefined : `${found.direction} call ${found.sipCallId.slice(0, 6)} (${found.state})`;
}

function hangUpBoth(world: World): string | undefined {
  const ends = pick(world.random, connectedPairs(world));
  for (const end of ends ?? []) end.hangUp();
  return ends?.map(({ sipCallId }) => sipCallId.slice(0, 6)).join(' ');
}

function hold(world: World): string | undefined {
  const found = pick(world.random, liveCalls(world).filter(isUp));
  if (found === undefined) return undefined;
  void (found.held ? found.resume() : found.hold());
  return found.sipCallId.slice(0, 6);
}

function glare(world: World): string | undefined {
  const ends = pick(world.random, connectedPairs(world));
  for (const end of ends ?? []) void end.hold();
  return ends?.map(({ sipCallId }) => sipCallId.slice(0, 6)).join(' ');
}

function digits(world: World): string | undefined {
  const found = pick(world.random, liveCalls(world).filter(isUp));
  void found?.sendDtmf('12', 'info');
  return found?.sipCallId.slice(0, 6);
}

function message(world: World): string | undefined {
  const phone = pick(world.random, world.phones.slice(0, -1));
  void phone?.message(pick(world.random, targets) ?? '', 'hello');
  return phone?.local.address;
}

function policy(world: World): string | undefined {
  const phone = pick(world.random, world.phones);
  if (phone === undefined) return undefined;
  const ringMs = world.random.below(4) === 0 ? 0 : world.random.below(8000);
  phone.policy = { ringMs, answer: pick(world.random, answers) ?? true };
  return `${phone.local.address} ${phone.policy.ringMs} ${phone.policy.answer}`;
}

function register(world: World): string | undefined {
  const phone = pick(world.random, world.phones.slice(0, -1));
  void phone?.register(60 + world.random.below(200));
  return phone?.local.address;
}

function unregister(world: World): string | undefined {
  const phone = pick(world.random, world.phones.slice(0, -1));
  void phone?.unregister();
  return phone?.local.address;
}

/** A cable is pulled for a while. */
function unplug(world: World): string | undefined {
  const addresses = [...world.phones.map(({ local }) => local.address), '192.0.2.50', '192.0.2.51'];
  const address = pick(world.random, addresses) ?? '';
  const durationMs = 1000 + world.random.below(45_000);
  world.wasUnplugged = true;
  world.wire.unplugged.add(address);
  world.clock.after(durationMs, () => world.wire.unplugged.delete(address));
  return `${world.wire.names.get(address)} for ${durationMs} ms`;
}

function attack(world: World): string {
  const count = 1 + world.random.below(5);
  for (let sent = 0; sent < count; sent++) world.stranger.attack();
  return `${count} packets`;
}

function topUp(world: World): string {
  const accountId = pick(world.random, prepaidIds) ?? prepaidIds[0];
  const amountMicros = BigInt(1 + world.random.below(40_000));
  void world.life?.move({ ...asked(world), kind: 'top-up', cleared: true, accountId, amountMicros });
  return `account ${accountId} gets ${amountMicros}`;
}

function transfer(world: World): string | undefined {
  const [accountId, toAccountId] = [pick(world.random, prepaidIds), pick(world.random, prepaidIds)];
  if (world.life === undefined || accountId === undefined || toAccountId === undefined) return undefined;
  const has = Number(world.life.ledger.balances.postedMicros(accountId));
  const amountMicros = BigInt(world.random.below(3) === 0 ? has : world.random.below(has + 1));
  void world.life.move({ ...asked(world), kind: 'transfer', accountId, toAccountId, amountMicros });
  return `${amountMicros} of account ${accountId} to account ${toAccountId}`;
}

let asks = 0;

function asked(world: World): { readonly id: string; readonly cause: string; readonly actor: string } {
  return { id: `${world.lives.length}/${asks++}`, cause: '', actor: 'simulation' };
}

/** An operator disables a user for a while. */
function disable(world: World): string {
  const id = 1 + world.random.below(userNames.length);
  setEnabled(world, id, false);
  const durationMs = world.random.below(30_000);
  const fromMs = world.clock.wallMs();
  world.disabledTimes.push({ fromMs, untilMs: fromMs + durationMs });
  world.clock.after(durationMs, () => setEnabled(world, id, true));
  return `account ${id}`;
}

function setEnabled(world: World, id: number, enabled: boolean): void {
  if (enabled) world.disabled.delete(id);
  else world.disabled.add(id);
  const server = world.life?.server;
  const account = server?.directory.accountById(id);
  if (server === undefined || account === undefined) return;
  const origin = { by: 'simulation', atMs: world.clock.wallMs() };
  server.directory.apply({ kind: 'account put', account: { ...account, enabled }, fields: ['enabled'], origin });
  server.accountChanged(id);
}

/** The clock of the machine is set, by a person or a time server that was wrong. */
function setClock(world: World): string | undefined {
  if (world.kind !== 'set clocks') return undefined;
  const bounds = [5000, 90_000, 3_600_000, 40 * 3_600_000];
  const byMs = 2500 + world.random.below(bounds[world.random.below(bounds.length)] ?? 5000);
  const signedMs = world.random.below(2) === 0 ? byMs : -byMs;
  world.wall.step(signedMs);
  return `by ${signedMs} ms`;
}

function moveServer(world: World): string | undefined {
  if (world.kind !== 'set clocks') return undefined;
  const timezone = pick(world.random, ['Europe/Vienna', 'America/New_York', 'Pacific/Apia', 'Asia/Kathmandu']) ?? 'UTC';
  world.life?.moveTo(timezone);
  return timezone;
}

/** Everybody calls at the first instant of an hour, as at midnight, at the end of a month and at the edge of the peak. */
function rush(world: World): string {
  const toTheHourMs = 3_600_000 - (world.clock.wallMs() % 3_600_000);
  const delayMs = Math.min(toTheHourMs, 15_000) - world.random.below(3);
  for (const phone of world.phones.slice(0, -1)) {
    world.clock.after(Math.max(0, delayMs), () => {
      for (const target of ['00431555', '0049301234']) dial(world, phone, target);
    });
  }
  return `in ${delayMs} ms`;
}

async function crash(world: World): Promise<string | undefined> {
  if (world.life === undefined) return undefined;
  world.crash();
  await world.pass(world.random.below(6000));
  await world.startServer();
  return `server ${world.lives.length} runs`;
}

async function drain(world: World): Promise<string | undefined> {
  const { life } = world;
  if (life === undefined) return undefined;
  life.drainedSinceMs = world.clock.wallMs();
  world.isDraining = true;
  let isDrained = false;
  void life.server.calls.drain().then(() => {
    isDrained = true;
  });
  await world.pass(world.random.below(30_000));
  life.server.calls.endAll();
  for (let waitedMs = 0; !isDrained && waitedMs < 70_000; waitedMs += 1000) await world.pass(1000);
  if (!isDrained) world.problems.push('70 s after the last call was ended, the drain is not over');
  world.stopServer();
  world.isDraining = false;
  await world.startServer();
  return `server ${world.lives.length} runs`;
}

function liveCalls(world: World): readonly PhoneCall[] {
  return world.views.flatMap(({ call: one }) => (one.state === 'ended' ? [] : [one]));
}

function isUp(one: PhoneCall): boolean {
  return one.state === 'up';
}

/** Both ends of calls that are up, as the answers on the disk tell. */
function connectedPairs(world: World): readonly (readonly [PhoneCall, PhoneCall])[] {
  const up = liveCalls(world).filter(isUp);
  return [...world.asked.answered.values()].flatMap(({ caller, callee }) => {
    const one = up.find(({ sipCallId }) => sipCallId === caller.callId);
    const other = up.find(({ sipCallId }) => sipCallId === callee.callId);
    return one === undefined || other === undefined ? [] : [[one, other] as const];
  });
}

function pick<T>(random: Random, list: readonly T[]): T | undefined {
  return list[random.below(Math.max(1, list.length))];
}
