import { Secret } from '../../base/log/secret.ts';
import { formatEndpoint } from '../../base/net/endpoint.ts';
import type { Random } from '../../base/random/random.ts';
import { fail, ok, type Result } from '../../base/result/result.ts';
import type { Clock, Timer } from '../../base/time/clock.ts';
import type { Network } from '../../sip/transport/index.ts';
import { Phone } from '../phone.ts';
import { type Voice, voices } from '../tone.ts';
import type { DemoCall, DemoPhone } from './demo-call.ts';
import type { DemoCdr, DemoServer, DemoServerOptions } from './demo-server.ts';
import { LiveView, type Output } from './live-view.ts';
import { type Cast, minDurationS, Scenario } from './scenario.ts';
import { type SummaryRow, summarise, summaryText } from './summary.ts';

export interface DemoOptions {
  /** Starts a server that serves the demo and nobody else; rejects with a sentence where it cannot. */
  readonly startServer: (options: DemoServerOptions) => Promise<DemoServer>;
  readonly network: Network;
  readonly clock: Clock;
  readonly random: Random;
  readonly output: Output;
  /** Whether the output may be overwritten in place. */
  readonly isTerminal: boolean;
  /** Prints nothing but the outcome, as JSON. */
  readonly json: boolean;
  /** Length of the calls in all, in seconds; below 8 it is 8. The usual one is in scenario.ts. */
  readonly durationS: number;
}

const loopback = '127.0.0.1';
const redrawMs = 200;
/** How long after the last call its record may take to be written. */
const recordWaitMs = 3000;
const pollMs = 100;

/**
 * Shows the whole server at work: starts one on the loopback, registers four phones, lets them call each other, and
 * compares what they heard with what the server recorded.
 * @returns the exit status: 0 only if every call went as planned and both sides heard each other.
 */
export async function runDemo(options: DemoOptions): Promise<number> {
  const { output, startServer, json } = options;
  const say = (text: string): void => {
    if (!json) output.write(text);
  };
  const server = await startServer({ address: loopback });
  const phones: Phone[] = [];
  try {
    say(`Server on ${formatEndpoint(server.sip)}, for as long as the demo runs.\n`);
    const cast = await openCast(options, server, phones);
    if (!cast.ok) {
      output.write(json ? jsonText({ ok: false, problem: cast.error, calls: [] }) : `${cast.error}\n`);
      return 1;
    }
    say('anna, bert, clara and dora have registered. Each says notes of its own; here is who hears what.\n\n');
    const calls = await showCalls(options, cast.value);
    const rows = summarise(calls, await recordsOf(options.clock, server, calls));
    const isGood = rows.every(({ problem }) => problem === '');
    output.write(json ? jsonText({ ok: isGood, problem: '', calls: rows }) : `\n${summaryText(rows)}`);
    return isGood ? 0 : 1;
  } finally {
    for (const phone of phones) phone.close();
    await server.stop();
  }
}

function jsonText(outcome: { ok: boolean; problem: string; calls: readonly SummaryRow[] }): string {
  return `${JSON.stringify(outcome, null, 2)}\n`;
}

async function openCast(options: DemoOptions, server: DemoServer, phones: Phone[]): Promise<Result<Cast, string>> {
  const open = async (name: string, voice: Voice): Promise<DemoPhone> => {
    const password = new Secret(options.random.hex(12));
    await server.addUser({ name, password });
    const phone = new Phone({
      network: options.network,
      clock: options.clock,
      random: options.random,
      local: { address: loopback, port: 0 },
      server: server.sip,
      transport: 'udp',
      user: name,
      password,
      domain: server.domain,
      realm: server.realm,
      lines: 1,
      voice,
    });
    phones.push(phone);
    await phone.start();
    return { name, phone, voice };
  };
  const cast: Cast = {
    anna: await open('anna', voices[0]),
    bert: await open('bert', voices[2]),
    clara: await open('clara', voices[4]),
    dora: await open('dora', voices[6]),
  };
  const everyone = Object.values(cast) as readonly DemoPhone[];
  const registered = await Promise.all(everyone.map(({ phone }) => phone.register(300)));
  const refused = registered.findIndex((one) => !one.ok);
  const failure = registered[refused];
  if (failure === undefined || failure.ok) return ok(cast);
  return fail(`${everyone[refused]?.name} could not register: ${failure.error.status} ${failure.error.reason}`);
}

async function showCalls({ clock, output, isTerminal, json, durationS }: DemoOptions, cast: Cast): Promise<DemoCall[]> {
  const scenario = new Scenario(clock, cast, Math.max(minDurationS, durationS));
  const view = new LiveView(output, isTerminal);
  const draw = (): void => {
    if (!json) view.draw(scenario.calls, clock.monotonicMs());
  };
  let next: Timer | undefined;
  const redraw = (): void => {
    draw();
    next = clock.after(redrawMs, redraw);
  };
  redraw();
  await scenario.run();
  next?.cancel();
  draw();
  return scenario.calls;
}

/** The records, as soon as there is one that has ended for each call. */
async function recordsOf(clock: Clock, server: DemoServer, calls: readonly DemoCall[]): Promise<readonly DemoCdr[]> {
  const untilMs = clock.monotonicMs() + recordWaitMs;
  for (;;) {
    const cdrs = await server.readCdrs();
    const isRecorded = ({ call }: DemoCall): boolean =>
      cdrs.some((cdr) => cdr.sipCallId === call.sipCallId && cdr.endedAtMs !== undefined);
    if (calls.every(isRecorded) || clock.monotonicMs() >= untilMs) return cdrs;
    await new Promise<void>((resolve) => {
      clock.after(pollMs, resolve);
    });
  }
}
