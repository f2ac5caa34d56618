import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../../test/kit/seeded-random.ts';
import { SimulatedClock } from '../../../test/kit/simulated-clock.ts';
import { SimulatedNetwork } from '../../../test/kit/simulated-network.ts';
import type { SipResponse } from '../../sip/message/index.ts';
import type { Network, UdpSocket } from '../../sip/transport/index.ts';
import { TestSwitch } from '../test-switch.ts';
import { runDemo } from './demo.ts';
import type { DemoCdr, DemoServer } from './demo-server.ts';

interface DemoRun {
  readonly status: number;
  readonly text: string;
  /** Writes as they came. */
  readonly writes: readonly string[];
}

interface Twist {
  readonly isTerminal?: boolean;
  readonly json?: boolean;
  /** Changes the switch once the users are made. */
  readonly change?: (bench: TestSwitch) => void;
  /** Which datagrams of the phones arrive. */
  readonly arrives?: (octets: Buffer) => boolean;
  readonly cdrs?: (right: readonly DemoCdr[]) => readonly DemoCdr[];
}

/** Runs the demo in virtual time against a switch that keeps records. */
async function demo({
  isTerminal = false,
  json = false,
  change,
  arrives = () => true,
  cdrs = (right) => right,
}: Twist): Promise<DemoRun> {
  const clock = new SimulatedClock();
  const random = seededRandom(3);
  const network = new SimulatedNetwork(clock, random);
  const bench = new TestSwitch('demo.example', clock);
  const writes: string[] = [];
  const server: DemoServer = {
    sip: await bench.start(network, { address: '127.0.0.1', port: 5060 }),
    domain: bench.domain,
    realm: bench.realm,
    addUser: ({ name, password }) => {
      bench.passwords.set(name, password.reveal());
      change?.(bench);
      return Promise.resolve();
    },
    readCdrs: () => Promise.resolve(cdrs(recordsOf(bench))),
    stop: () => Promise.resolve(bench.stop()),
  };
  let status: number | undefined;
  const done = runDemo({
    startServer: () => Promise.resolve(server),
    network: lossy(network, arrives),
    clock,
    random,
    output: { write: (text) => writes.push(text) },
    isTerminal,
    json,
    durationS: 15,
  }).then((result) => {
    status = result;
  });
  for (let nowMs = 0; status === undefined && nowMs < 60_000; nowMs += 10) {
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(10);
  }
  await done;
  return { status: status ?? -1, text: writes.join(''), writes };
}

function lossy(network: Network, arrives: (octets: Buffer) => boolean): Network {
  return {
    async bindUdp(local, onDatagram) {
      const socket = await network.bindUdp(local, onDatagram);
      const send: UdpSocket['send'] = (octets, remote) => {
        if (arrives(octets)) socket.send(octets, remote);
      };
      return { local: socket.local, send, close: () => socket.close() };
    },
    listenTcp: (local, onConnection) => network.listenTcp(local, onConnection),
    connectTcp: (remote, localAddress) => network.connectTcp(remote, localAddress),
  };
}

/** What a server would have recorded of the calls that passed the switch. */
function recordsOf({ passed }: TestSwitch): readonly DemoCdr[] {
  const callIds = new Set(passed.flatMap(({ message }) => (message.cseq.method === 'INVITE' ? [message.callId] : [])));
  return [...callIds].map((sipCallId) => {
    const ofCall = passed.filter(({ message }) => message.callId === sipCallId);
    const final = ofCall.find(({ message }) => message.kind === 'response' && isFinal(message));
    const bye = ofCall.find(({ message }) => message.kind === 'request' && message.method === 'BYE');
    const sipStatus = final?.message.kind === 'response' ? final.message.status : 0;
    const answeredAtMs = sipStatus === 200 ? final?.atMs : undefined;
    const endedAtMs = sipStatus === 200 ? bye?.atMs : final?.atMs;
    return { sipCallId, answeredAtMs, endedAtMs, cause: sipStatus === 200 ? 'answered' : 'refused', sipStatus };
  });
}

function isFinal({ status, cseq }: SipResponse): boolean {
  return status >= 200 && cseq.method === 'INVITE';
}

test('the demo shows four calls, hears both sides, agrees with the records and succeeds', async () => {
  const { status, text } = await demo({});
  assert.match(text, /anna → bert +talked 5\.\d s +[45]\.\d s \/ [45]\.\d s +answered, 5\.\d s/);
  assert.match(text, /clara → bert +486 Busy Here +- +refused \(486\)/);
  assert.match(text, /clara → dora +talked 7\.\d s, with a hold +\d\.\d s \/ \d\.\d s +answered, 7\.\d s/);
  assert.match(text, /bert → anna +487 Request Terminated +- +refused \(487\)/);
  assert.match(text, /All calls went as planned/);
  assert.equal(status, 0);
});

test('without a terminal there are whole lines, one for each change', async () => {
  const { text, writes } = await demo({});
  assert.ok(!text.includes(csiStart));
  assert.ok(writes.every((line) => line.endsWith('\n')));
  assert.match(text, /clara → dora +on hold/);
  assert.ok(writes.length < 60, `${writes.length} writes`);
});

test('on a terminal each call has one line of at most 80 columns, written over in place', async () => {
  const { writes } = await demo({ isTerminal: true });
  const frames = writes.filter((text) => text.startsWith('\u001b['));
  assert.ok(frames.length > 50);
  const widest = Math.max(...frames.flatMap((frame) => frame.split('\n').map((line) => columns(line))));
  assert.ok(widest <= 80, `${widest} columns`);
  assert.match(writes.at(-1) ?? '', /All calls went as planned/);
  const last = frames.at(-1) ?? '';
  assert.equal(last.split('\n').length - 1, 4);
  assert.ok(last.startsWith(`${csiStart}[4A`));
});

const csiStart = '\u001b';
const escapeSequence = new RegExp(`${csiStart}\\[\\d*[AK]`, 'g');

function columns(line: string): number {
  return line.replace(escapeSequence, '').length;
}

test('as JSON there is nothing but the outcome', async () => {
  const { text } = await demo({ json: true });
  const outcome = JSON.parse(text);
  assert.equal(outcome.ok, true);
  assert.deepEqual(
    outcome.calls.map((row: { call: string; problem: string }) => [row.call, row.problem]),
    [
      ['anna → bert', ''],
      ['clara → bert', ''],
      ['clara → dora', ''],
      ['bert → anna', ''],
    ],
  );
});

const failures: readonly (Twist & { readonly title: string; readonly says: RegExp })[] = [
  {
    title: 'audio that never arrives',
    arrives: (octets) => octets[0] !== 0x80,
    says: /anna heard bert for 0\.0 s of 5/,
  },
  {
    title: 'a phone that may not register',
    change: (bench) => bench.passwords.set('dora', 'another'),
    says: /dora could not register: 401/,
  },
  { title: 'a call without a record', cdrs: (right) => right.slice(1), says: /the server has no record of it/ },
  {
    title: 'a record that says nobody answered',
    cdrs: (right) => right.map((cdr) => ({ ...cdr, answeredAtMs: undefined })),
    says: /the record disagrees on whether it was answered/,
  },
  {
    title: 'a record that is too long',
    cdrs: (right) => right.map((cdr) => ({ ...cdr, endedAtMs: (cdr.endedAtMs ?? 0) + 2000 })),
    says: /the record disagrees on how long it lasted/,
  },
];

for (const { title, says, ...twist } of failures) {
  test(`the demo fails and says why: ${title}`, async () => {
    const { status, text } = await demo(twist);
    assert.equal(status, 1);
    assert.match(text, says);
    assert.doesNotMatch(text, /All calls went as planned/);
  });
}
