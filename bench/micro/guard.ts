import { silentLog } from '../../src/base/log/log.ts';
import { systemRandom } from '../../src/base/random/random.ts';
import { systemClock } from '../../src/base/time/system-clock.ts';
import { readAddressWords } from '../../src/base/net/address-words.ts';
import { type Ban, banKey } from '../../src/guard/bans/ban.ts';
import { Guard } from '../../src/guard/guard.ts';
import { ListedSources } from '../../src/guard/lists/listed-sources.ts';
import { StrangerLog } from '../../src/guard/stranger-log.ts';
import { profileValues, type Settings } from '../../src/settings/index.ts';

// What the guard costs for each packet, in nanoseconds of one thread: npx node bench/micro/guard.ts

const banCount = 100_000;
const rounds = 11;
const settings = profileValues('default');

function newGuard(settings: Settings): Guard {
  return new Guard({
    ...{ clock: systemClock, random: systemRandom(), settings: () => settings },
    log: silentLog,
    strangerLog: new StrangerLog(systemClock, silentLog),
    store: { put: () => {}, remove: () => {} },
    marks: { isOwnNonce: () => false, isOwnTag: () => false, isOwnBranch: () => false },
    ...{
      isUser: () => true,
      bindingsOf: () => 1,
      trustOf: () => undefined,
      isBoundAt: () => false,
      isListed: () => false,
      holdsTrusted: () => false,
      sparesFailure: () => false,
      load: () => 0,
      onBan: () => {},
      listed: () => ListedSources.none,
    },
  });
}

function banned(index: number): string {
  return `${20 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}.9`;
}

function ban(index: number): Ban {
  const subject = banned(index);
  const said = { rule: 'maxwrongauthfromip', reason: 'bench', evidence: 'nonce', count: 1, by: 'guard', atMs: 0 };
  return { key: banKey('address', subject), action: 'ban', scope: 'address', subject, ...said, untilMs: undefined };
}

/**
 * Prints the median of the rounds; each text is made anew, as the system makes the address of each datagram.
 * @returns the mean in nanoseconds, for the clock of processor time is coarse.
 */
function measure(
  name: string,
  count: number,
  addressOf: (index: number) => string,
  work: (address: string) => void,
): number {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const texts = Array.from({ length: count }, (_, index) => Buffer.from(addressOf(index)).toString('latin1'));
    const began = process.threadCpuUsage();
    for (const text of texts) work(text);
    times.push((process.threadCpuUsage(began).user * 1000) / count);
  }
  times.sort((one, other) => one - other);
  process.stdout.write(
    `${name.padEnd(52)} ${Math.round(times[rounds >> 1] ?? 0)} ns (${Math.round(times[0] ?? 0)} to ${Math.round(times.at(-1) ?? 0)})\n`,
  );
  return times.reduce((sum, time) => sum + time, 0) / rounds;
}

const datagram = Buffer.from(
  'REGISTER sip:x SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKx\r\n'.padEnd(420, 'x'),
);
const source = {
  transport: 'udp' as const,
  localPort: 5060,
  remote: { address: '', port: 5060 },
  octets: 420,
  connectionId: 0,
};
const bans = Array.from({ length: banCount }, (_, index) => ban(index));
const began = process.threadCpuUsage();
const guard = newGuard(settings);
guard.start(bans);
guard.stop();
process.stdout.write(`start with ${banCount} bans: ${Math.round(process.threadCpuUsage(began).user / 1000)} ms\n`);
const admit = (address: string): void => {
  source.remote.address = address;
  guard.admit(source, datagram);
};
const words = new Uint32Array(4);
const nowMs = systemClock.monotonicMs();
measure(`look-up among ${banCount} bans, listed`, 50_000, banned, (address) => {
  readAddressWords(address, words);
  guard.bans.standingOf(words, 5060, nowMs);
});
measure(
  `look-up among ${banCount} bans, not listed`,
  50_000,
  (index) => banned(index + 200_000),
  (address) => {
    readAddressWords(address, words);
    guard.bans.standingOf(words, 5060, nowMs);
  },
);
measure('packet of a banned source, dropped', 50_000, banned, admit);
measure('packet of one stranger, over its budget', 50_000, () => '203.0.113.9', admit);
measure('packets of 50,000 strangers', 50_000, (index) => banned(index + 300_000), admit);

// A phone that registers, with all detections on and no budget used up.
const roomy = { known_rate: 1_000_000, known_rate_per_source: 1_000_000, proven_rate_per_source: 1_000_000 };
const guarding = newGuard({ ...settings, ...roomy });
const phone = '198.51.100.7';
guarding.remember(phone, 5060, 'alice', 'Phone');
const seen = { address: phone, port: 5060, transport: 'udp', user: 'alice', userAgent: 'Phone' } as const;
const steps = [
  measure(
    'packet of a known phone',
    20_000,
    () => phone,
    (address) => {
      source.remote.address = address;
      guarding.admit(source, datagram);
    },
  ),
  measure(
    'challenge told',
    5000,
    () => phone,
    (address) => guarding.observe({ ...seen, address, kind: 'challenged', evidence: 'none', isRegister: true }),
  ),
  measure(
    'may this password be looked at',
    20_000,
    () => phone,
    (address) => {
      guarding.look({ address, port: 5060 }, 'alice', 'Phone');
    },
  ),
  measure(
    'right password told',
    20_000,
    () => phone,
    (address) => guarding.observe({ ...seen, address, kind: 'authenticated', evidence: 'nonce', isRegister: true }),
  ),
] as const;
const [packet, challenge, look, success] = steps;
console.log(`guard's part of a registration (two packets): ${Math.round(2 * packet + challenge + look + success)} ns`);

process.stdout.write(`tables: ${(guard.octets / 1e6).toFixed(1)} MB\n`);
