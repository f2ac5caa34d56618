// Microseconds of the signalling thread for one call (INVITE, 407, INVITE, 100, 180, 200, BYE) to a SIP server, by step, with
// no sockets, no media and no disk: `node bench/micro/call.ts [rounds]`. Each round has twenty calls at once.
// With `--cold`, memory of the size of a processor's cache is walked before each message, as other programs do to a
// server that is called now and then: that is what most of a call costs at 100 a second.
import { hash } from 'node:crypto';
import { blankAccount } from '../../src/accounts/blank-account.ts';
import { blankDialRule } from '../../src/accounts/blank-dial-rule.ts';
import { blankTrunk } from '../../src/accounts/blank-trunk.ts';
import { credentialFor } from '../../src/accounts/ha1.ts';
import { silentLog } from '../../src/base/log/log.ts';
import { parsePrefix } from '../../src/base/net/prefix.ts';
import { systemRandom } from '../../src/base/random/random.ts';
import { systemClock } from '../../src/base/time/system-clock.ts';
import { SipServer } from '../../src/main/sip-server.ts';
import type { MediaPlane, MediaSession } from '../../src/media/index.ts';
import { noRefusals } from '../../src/media/relay/refused-media.ts';
import { profileValues } from '../../src/settings/index.ts';
import type { Network } from '../../src/sip/transport/index.ts';
import { memoryLedger } from '../../test/kit/memory-ledger.ts';
import { ScriptedDns } from '../../test/kit/scripted-dns.ts';

const realm = '127.0.0.1';
const userCount = 20;
const isCold = process.argv.includes('--cold');
const rounds = Number(process.argv.slice(2).find((word) => /^\d+$/.test(word)) ?? (isCold ? 100 : 400));
const caller = { address: '127.0.0.1', port: 5066 };
const carrier = { address: '127.0.0.95', port: 5095 };
const settings = {
  ...profileValues('stress_test'),
  'mode.abnormal_speed_close': 'off' as const,
  blocktoomuchpendingsession: 100_000,
  blocknotprofitablecalls: 0 as const,
  listen: ['127.0.0.1'],
  udp_port: 5060,
  tcp_port: 0,
};

const sent: { readonly octets: string; readonly port: number }[] = [];
let receive: (octets: Buffer, remote: { address: string; port: number }) => void = () => {};
const network: Network = {
  bindUdp: (local, onDatagram) => {
    receive = onDatagram;
    const send = (octets: Buffer, { port }: { port: number }): void => {
      sent.push({ octets: octets.toString('latin1'), port });
    };
    return Promise.resolve({ local, send, close: () => {} });
  },
  connectUdp: () => ({ close: () => {} }),
  listenTcp: () => Promise.reject(new Error('no TCP here')),
  connectTcp: () => {
    throw new Error('no TCP here');
  },
};

/** Has a port for everybody, and relays nothing. */
const session: MediaSession = {
  streamCount: 1,
  ports: (_stream, side) => ({ address: '127.0.0.1', rtp: side === 'a' ? 20_000 : 20_002, rtcp: 20_001 }),
  addStream: () => true,
  configure: () => {},
  setPaidUntil: () => {},
  stats: () => Promise.resolve([]),
  close: () => Promise.resolve([]),
};
const plane: MediaPlane = {
  openSession: () => session,
  capacity: () => ({ free: 1000, total: 1000 }),
  refused: noRefusals(),
  watchRefused: () => {},
  close: () => Promise.resolve(),
};

const loopback = parsePrefix('127.0.0.0/8');
if (!loopback.ok) throw new Error(loopback.error);
const own = [{ address: '127.0.0.1', network: loopback.value, internal: true }];
const users = Array.from({ length: userCount }, (_, at) => ({
  ...blankAccount(at + 1, `u${at}`, 'enduser'),
  mediaNetworks: ['127.0.0.0/8'],
}));
const trunk = {
  ...blankAccount(100, 'carrier', 'sipserver'),
  mediaNetworks: ['127.0.0.0/8'],
  trunk: { ...blankTrunk, host: carrier.address, port: carrier.port },
};
const rule = {
  ...blankDialRule(200, 'three digits'),
  pattern: 'XXX',
  routes: [{ sipServerId: 100, priority: 1, weight: 1 }],
};
const server = new SipServer({
  ...{ network, realm, clock: systemClock, random: systemRandom(), log: silentLog, settings: () => settings, plane },
  directory: {
    accounts: [...users, trunk],
    credentials: users.map((account) => credentialFor(account, realm, 'secret')),
    ...{ numbers: [], dialRules: [rule], nextId: 1000 },
  },
  calls: {
    begin: () => Promise.resolve(),
    dialled: () => Promise.resolve(),
    answer: () => Promise.resolve(),
    end: () => Promise.resolve(),
    amend: () => Promise.resolve(),
  },
  bindings: { put: () => {}, remove: () => {} },
  decisions: { put: () => {} },
  bans: { put: () => {}, remove: () => {} },
  ledger: memoryLedger(systemClock),
  dns: new ScriptedDns(),
  ownAddresses: () => own,
});
await server.listen();
server.remember([]);

const sdp = ['v=0', 'o=user1 53655765 2353687637 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0'].concat(
  ...['m=audio 6000 RTP/AVP 0', 'a=rtpmap:0 PCMU/8000', ''],
);
const body = sdp.join('\r\n');

/** A message of these lines, with its body and what tells how long it is. */
function message(lines: readonly string[], content = ''): string {
  const about = content === '' ? [] : ['Content-Type: application/sdp'];
  return [...lines, ...about, `Content-Length: ${content.length}`, '', content].join('\r\n');
}

const lineOf = (octets: string, name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(octets)?.[1] ?? '';
const uriOf = (octets: string): string => /<([^>]*)>/.exec(lineOf(octets, 'Contact'))?.[1] ?? '';

/** A request of a caller in the call `id`. */
function request(
  method: string,
  uri: string,
  id: string,
  cseq: number,
  to: string,
  more: readonly string[] = [],
): string {
  const user = `u${id.split('.')[1]}`;
  const lines = [
    ...[`${method} ${uri} SIP/2.0`, `Via: SIP/2.0/UDP 127.0.0.1:5066;branch=z9hG4bK-${id}-${cseq}-${method}`],
    ...[`From: <sip:${user}@127.0.0.1>;tag=f${id}`, `To: ${to}`, `Call-ID: ${id}@127.0.0.1`, `CSeq: ${cseq} ${method}`],
    ...['Max-Forwards: 70', ...more],
  ];
  return message(lines, method === 'INVITE' ? body : '');
}

/** A response of the carrier. */
function response(to: string, status: string, content = ''): string {
  const [via, from, callId, cseq] = ['Via', 'From', 'Call-ID', 'CSeq'].map((name) => `${name}: ${lineOf(to, name)}`);
  const tagged = lineOf(to, 'To').includes('tag=') ? lineOf(to, 'To') : `${lineOf(to, 'To')};tag=c1`;
  const contact = 'Contact: <sip:127.0.0.95:5095;transport=UDP>';
  return message([`SIP/2.0 ${status}`, ...[via, from, `To: ${tagged}`, callId, cseq, contact].map(String)], content);
}

function credentials(user: string, challenge: string): string {
  const nonce = /nonce="([^"]*)"/.exec(challenge)?.[1] ?? '';
  const uri = 'sip:200@127.0.0.1:5060';
  const digest = hash('md5', `${hash('md5', `${user}:${realm}:secret`)}:${nonce}:${hash('md5', `INVITE:${uri}`)}`);
  return `Proxy-Authorization: Digest username="${user}", realm="${realm}", nonce="${nonce}", uri="${uri}", response="${digest}", algorithm=MD5`;
}

const coldMemory = new Float64Array(isCold ? 4_194_304 : 0);
const walk = (): number => {
  let sum = 0;
  for (let at = 0; at < coldMemory.length; at += 8) sum += coldMemory[at] ?? 0;
  return sum;
};

const spent = new Map<string, number[]>();

/** Hands over one message of each call, and waits until all that it causes at once is done. @returns what was sent, by receiver. */
async function step(
  name: string,
  from: typeof caller,
  messages: readonly string[],
): Promise<{ back: string[]; on: string[] }> {
  let tookUs = 0;
  sent.length = 0;
  for (const octets of messages) {
    const datagram = Buffer.from(octets, 'latin1');
    walk();
    const before = process.threadCpuUsage();
    receive(datagram, from);
    // What a promise or an immediate was to do is done after this turn of the event loop.
    await new Promise<void>((resolve) => setImmediate(() => resolve()));
    const { user, system } = process.threadCpuUsage(before);
    tookUs += user + system;
  }
  const costs = spent.get(name) ?? [];
  costs.push(tookUs / messages.length);
  spent.set(name, costs);
  const to = (port: number): string[] => sent.filter((each) => each.port === port).map(({ octets }) => octets);
  return { back: to(caller.port), on: to(carrier.port) };
}

const uri = 'sip:200@127.0.0.1:5060';
const contactOf = (user: string): string => `Contact: <sip:${user}@127.0.0.1:5066>`;
for (let round = 0; round < rounds; round++) {
  const ids = users.map((_, at) => `${round}.${at}`);
  const to = '<sip:200@127.0.0.1>';
  const first = ids.map((id, at) => request('INVITE', uri, id, 1, to, [contactOf(`u${at}`)]));
  const { back: challenges } = await step('INVITE', caller, first);
  const acks = ids.map((id, at) => request('ACK', uri, id, 1, lineOf(challenges[at] ?? '', 'To')));
  await step('ACK of 407', caller, acks);
  const again = ids.map((id, at) => {
    return request('INVITE', uri, id, 2, to, [contactOf(`u${at}`), credentials(`u${at}`, challenges[at] ?? '')]);
  });
  const { on: invites } = await step('INVITE again', caller, again);
  await step(
    '180',
    carrier,
    invites.map((invite) => response(invite, '180 Ringing')),
  );
  const { back: answers } = await step(
    '200',
    carrier,
    invites.map((invite) => response(invite, '200 OK', body)),
  );
  // On a busy machine some are sent again.
  const finals = ids.map((id) =>
    answers.find((octets) => octets.startsWith('SIP/2.0 200') && lineOf(octets, 'Call-ID') === `${id}@127.0.0.1`),
  );
  if (finals.includes(undefined)) throw new Error('a call was not answered');
  await step(
    'ACK',
    caller,
    ids.map((id, at) => request('ACK', uriOf(finals[at] ?? ''), id, 2, lineOf(finals[at] ?? '', 'To'))),
  );
  const byes = ids.map((id, at) => request('BYE', uriOf(finals[at] ?? ''), id, 3, lineOf(finals[at] ?? '', 'To')));
  const { on: ends } = await step('BYE', caller, byes);
  await step(
    '200 of BYE',
    carrier,
    ends.map((bye) => response(bye, '200 OK')),
  );
}
server.close();

let sum = 0;
for (const [name, costs] of spent) tell(name, mean(costs.slice(Math.floor(costs.length / 2))));
tell('a call', sum);

/** The kernel counts exactly only over a long time: single steps say nothing. */
function mean(costs: readonly number[]): number {
  return costs.reduce((total, cost) => total + cost, 0) / costs.length;
}

function tell(name: string, costUs: number): void {
  sum += costUs;
  console.log(`${name.padEnd(14)} ${costUs.toFixed(1).padStart(7)} us`);
}
