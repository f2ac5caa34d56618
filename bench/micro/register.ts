// Microseconds of the signalling thread for one registration (REGISTER, 401, REGISTER with digest, 200), with no
// sockets and no disk: `node bench/micro/register.ts [rounds]`. What is left to the whole server's cost (bench/system)
// is the network, the store and the garbage.
import { hash } from 'node:crypto';
import { credentialFor } from '../../src/accounts/ha1.ts';
import { blankAccount } from '../../src/accounts/blank-account.ts';
import { silentLog } from '../../src/base/log/log.ts';
import { parsePrefix } from '../../src/base/net/prefix.ts';
import { systemRandom } from '../../src/base/random/random.ts';
import { systemClock } from '../../src/base/time/system-clock.ts';
import { SipServer } from '../../src/main/sip-server.ts';
import { profileValues } from '../../src/settings/index.ts';
import type { Network } from '../../src/sip/transport/index.ts';
import { memoryLedger } from '../../test/kit/memory-ledger.ts';
import { ScriptedDns } from '../../test/kit/scripted-dns.ts';
import { SimulatedMediaPlane } from '../../test/kit/simulated-media.ts';

const realm = '127.0.0.1';
const userCount = 1000;
const rounds = Number(process.argv[2] ?? 60);
const settings = {
  ...profileValues('stress_test'),
  'mode.abnormal_speed_close': 'observe' as const,
  listen: ['127.0.0.1'],
  udp_port: 5060,
  tcp_port: 0,
};

const answers: Buffer[] = [];
let receive: (octets: Buffer, remote: { address: string; port: number }) => void = () => {};
const network: Network = {
  bindUdp: (local, onDatagram) => {
    receive = onDatagram;
    return Promise.resolve({ local, send: (octets: Buffer) => answers.push(octets), close: () => {} });
  },
  listenTcp: () => Promise.reject(new Error('no TCP here')),
  connectTcp: () => {
    throw new Error('no TCP here');
  },
};

const accounts = Array.from({ length: userCount }, (_, at) => blankAccount(at + 1, `u${at}`, 'enduser'));
const ownNetwork = parsePrefix('127.0.0.0/8');
if (!ownNetwork.ok) throw new Error(ownNetwork.error);
const own = [{ address: '127.0.0.1', network: ownNetwork.value, internal: true }];
const never = (): Promise<void> => Promise.reject(new Error('no calls here'));
const server = new SipServer({
  ...{ network, realm, clock: systemClock, random: systemRandom(), log: silentLog, settings: () => settings },
  directory: {
    accounts,
    credentials: accounts.map((account) => credentialFor(account, realm, 'secret')),
    ...{ numbers: [], dialRules: [], nextId: userCount + 1 },
  },
  plane: new SimulatedMediaPlane(systemClock),
  calls: { begin: never, dialled: never, answer: never, end: never, amend: never },
  bindings: { put: () => {}, remove: () => {} },
  decisions: { put: () => {} },
  bans: { put: () => {}, remove: () => {} },
  ledger: memoryLedger(systemClock),
  dns: new ScriptedDns(),
  ownAddresses: () => own,
});
await server.listen();
server.remember([]);

function register(user: string, round: number, cseq: number, authorization: string): Buffer {
  const address = `<sip:${user}@127.0.0.1>`;
  const lines = [
    ...[
      'REGISTER sip:127.0.0.1 SIP/2.0',
      `Via: SIP/2.0/UDP 127.0.0.1:5067;rport;branch=z9hG4bK-${round}-${user}-${cseq}`,
    ],
    ...['Max-Forwards: 70', `From: ${address};tag=t${user}`, `To: ${address}`, `Call-ID: c${round}.${user}`],
    ...[`CSeq: ${cseq} REGISTER`, `Contact: <sip:${user}@127.0.0.1:5067>`, 'Expires: 600', authorization],
    ...['User-Agent: regload/1', 'Content-Length: 0', '', ''],
  ];
  return Buffer.from(lines.filter((line, at) => line !== '' || at >= lines.length - 2).join('\r\n'), 'latin1');
}

function authorization(user: string, challenge: string): string {
  const nonce = /nonce="([^"]*)"/.exec(challenge)?.[1] ?? '';
  const ha1 = hash('md5', `${user}:${realm}:secret`);
  const response = hash('md5', `${ha1}:${nonce}:${hash('md5', 'REGISTER:sip:127.0.0.1')}`);
  return `Authorization: Digest username="${user}", realm="${realm}", nonce="${nonce}", uri="sip:127.0.0.1", response="${response}", algorithm=MD5`;
}

/** Hands over a datagram for each user. @returns microseconds for each. */
function deliver(datagrams: readonly Buffer[]): number {
  answers.length = 0;
  const startedMs = performance.now();
  for (const datagram of datagrams) receive(datagram, { address: '127.0.0.1', port: 5067 });
  return ((performance.now() - startedMs) * 1000) / datagrams.length;
}

const costs: { readonly challenge: number; readonly answer: number }[] = [];
for (let round = 0; round < rounds; round++) {
  const challenge = deliver(accounts.map(({ name }) => register(name, round, 1, '')));
  const challenges = answers.map((octets) => octets.toString('latin1'));
  const answer = deliver(
    accounts.map(({ name }, at) => register(name, round, 2, authorization(name, challenges[at] ?? ''))),
  );
  const failed = answers.filter((octets) => !octets.subarray(0, 20).includes('200 OK')).length;
  if (failed > 0) throw new Error(`${failed} of round ${round} failed`);
  costs.push({ challenge, answer });
  await new Promise((resolve) => setImmediate(resolve));
}
server.close();
const settled = costs.slice(Math.floor(rounds / 2));
for (const step of ['challenge', 'answer'] as const) {
  const sorted = settled.map((cost) => cost[step]).toSorted((one, other) => one - other);
  const [least = 0, median = 0] = [sorted[0], sorted[Math.floor(sorted.length / 2)]];
  console.log(`${step.padEnd(10)} ${median.toFixed(2)} us (least ${least.toFixed(2)})`);
}
