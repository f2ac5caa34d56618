import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import type { Environment } from '../../kit/environment.ts';
import { Forger } from '../../kit/forger.ts';
import { answer, dial, password, register } from '../../kit/office.ts';
import { OperatorView } from '../../kit/operator-view.ts';
import { runSipvicious } from '../../kit/sipvicious-process.ts';
import type { SippProcess } from '../../kit/sipp-process.ts';
import { answerChallenge, RoguePeer, token } from '../../hostile/rogue-peer.ts';
import { floodOfConnections, sprayMedia } from '../attackers.ts';

export const title =
  'scanners, guessers, floods of strangers and in forged names, connections and media at once are seen within seconds, and fail no clean call';
export const alone = true;

const calls = 100;
const callsPerSecond = 5;
const registrations = 60;
/** Packets of clean phones that had to be sent again. */
const maxRepeatedShare = 0.05;
/** What was repeated because an answer was late is no failure. */
const patient = ['-default_behaviors', 'all,-abortunexp'];
/** Whom one guesser tries. Others than another one does: what many guess at is soon not looked at any more. */
const guessedAt = ['eve', 'frank', 'grace'];
const floodSources = 40;
const floodS = 18;

/** What the operator sees of an attack, and what its sender got for it. */
interface Attack {
  readonly name: string;
  readonly isSeen: () => Promise<boolean>;
  readonly run: () => Promise<void>;
  readonly answered: () => number | undefined;
}

export async function run(env: Environment): Promise<void> {
  const { serverAddress } = env;
  const forger = await Forger.start();
  env.atEnd(() => forger.close());
  const view = await OperatorView.start(env, { maxcps: '0', start_rtp_port: '20000', end_rtp_port: '20400' });
  await view.server.import({
    users: [{ name: 'alice', maxlines: '0' }, ...['dave', ...guessedAt].map((name) => ({ name, password }))],
  });
  const network = serverAddress.slice(0, serverAddress.lastIndexOf('.'));
  await register(env, 'alice');
  await register(env, 'bob');
  const bob = await answer(env, 'bob', { calls, timeoutS: 90, more: patient });

  const isListed = (part: string) => async (): Promise<boolean> =>
    (await view.bans()).some(({ subject }) => subject.includes(part));
  const counts = (name: string) => async (): Promise<boolean> => (await view.metric(name)) > 0;
  const tool = (name: string, host: number, ...words: string[]): Attack => ({
    ...{ name, isSeen: isListed(`${network}.${host}`), answered: () => undefined },
    run: async () => {
      const [which = 'svwar', ...more] = words;
      const options = { from: `${network}.${host}`, userAgent: 'Grandstream GXP2020 1.2', timeoutS: 60 };
      await runSipvicious(which as 'svwar' | 'svcrack', [...more, '--maximumtime', '2', serverAddress], options);
    },
  });
  const strangers = await Promise.all(
    Array.from({ length: floodSources }, (_, at) => RoguePeer.bind('x', `${network}.${150 + at}`, serverAddress)),
  );
  const guesser = await RoguePeer.bind('guesser', `${network}.90`, serverAddress);
  // A phone in whose name others send.
  const dave = await RoguePeer.bind('dave', `${network}.41`, serverAddress);
  dave.isPatient = true;
  assert.match(await dave.register({ user: 'dave', password }), /^SIP\/2\.0 200/);
  for (const peer of [...strangers, guesser, dave]) env.atEnd(() => peer.close());
  const from = { address: dave.address, port: 5060 };
  const to = { address: serverAddress, port: 5060 };
  const forged = `REGISTER sip:${serverAddress} SIP/2.0\r\nVia: SIP/2.0/UDP ${dave.address};branch=z9hG4bKf{n};rport\r\nFrom: <sip:dave@x>;tag={n}\r\nTo: <sip:dave@x>\r\nCall-ID: f{n}\r\nCSeq: 1 REGISTER\r\nContent-Length: 0\r\n\r\n`;
  const attacks: readonly Attack[] = [
    tool('svwar, OPTIONS', 91, 'svwar', '--force', '-m', 'OPTIONS', '-e', '100-999'),
    tool('svcrack', 92, 'svcrack', '-u', 'alice', '-r', '1-3000'),
    {
      name: 'guesses in another way',
      isSeen: isListed(`${network}.90:`),
      answered: () => guesser.received.length,
      run: () => guess(guesser, serverAddress),
    },
    {
      name: `flood from ${floodSources} addresses`,
      isSeen: counts('packets_lost_total{cause="strangers"}'),
      answered: () => strangers.reduce((sum, { received }) => sum + received.length, 0),
      run: () => floodOfStrangers(strangers, serverAddress),
    },
    {
      name: 'flood in the name of a phone',
      isSeen: counts('packets_lost_total{cause="known"}'),
      answered: () => undefined,
      run: () => forger.send({ from, to, text: forged, times: floodS * 600, rate: 600 }),
    },
    {
      name: 'connections',
      isSeen: counts('bound_refusals_total{bound="connections"}'),
      answered: () => undefined,
      run: () => floodOfConnections(env, `${network}.93`, 600, floodS * 1000),
    },
    {
      name: 'media into every port',
      isSeen: counts('findings_total{kind="injected media"}'),
      answered: () => undefined,
      run: () => sprayMedia(env, `${network}.94`, [20_000, 20_400], floodS * 1000),
    },
  ];

  const clean = dial(env, 'bob', {
    calls,
    rate: callsPerSecond,
    timeoutS: 90,
    localPort: 5080,
    more: patient,
    variables: { talkMs: 1000 },
  });
  const phone = register(env, 'bobsOther', {
    ...{ calls: registrations, rate: 3, timeoutS: 90, more: patient },
    variables: { user: 'carol', username: 'carol' },
  });
  await wait(2000);
  const beganMs = performance.now();
  const seenMs = new Map<string, number>();
  const watching = setInterval(() => {
    for (const { name, isSeen } of attacks) {
      if (seenMs.has(name)) continue;
      void isSeen().then((seen) => {
        if (seen && !seenMs.has(name)) seenMs.set(name, performance.now() - beganMs);
      });
    }
  }, 250);
  env.atEnd(async () => clearInterval(watching));
  const attacked = Promise.all(attacks.map(({ run: attack }) => attack()));
  const renewals = await renewInFlood(dave, serverAddress);
  await attacked;
  await clean.passed();
  await bob.passed();
  const registered = await phone;
  await wait(500);
  clearInterval(watching);

  for (const { name, answered } of attacks) {
    const seen = seenMs.get(name);
    const got = answered();
    const when = seen === undefined ? 'never' : `${(seen / 1000).toFixed(1)} s`;
    console.log(`        ${name}: seen after ${when}${got === undefined ? '' : `, ${got} packets answered`}`);
  }
  const shares = [repeatedShare(clean), repeatedShare(bob), repeatedShare(registered)];
  const told = shares.map((share) => `${(share * 100).toFixed(2)} %`).join(', ');
  console.log(
    `        clean: ${calls} calls and ${registrations} registrations, repeated by caller, callee, registering phone: ${told}`,
  );
  console.log(`        ${(await view.stopped()).join('; ')}`);
  assert.deepEqual(
    renewals,
    { asked: floodS, served: floodS },
    'the phone in whose name others send renews its registration',
  );
  for (const share of shares) assert.ok(share <= maxRepeatedShare, `repeated: ${told}`);
  for (const { name } of attacks) assert.ok(seenMs.has(name), `${name} was not seen`);
  const bans = (await view.bans()).filter(
    ({ action, subject }) => action === 'ban' && /\.(?:1[123]|41)(?::|$)/.test(subject),
  );
  assert.deepEqual(bans, [], 'no clean phone is banned');
  const cdrs = await view.server.cdrs(calls);
  assert.ok(cdrs.every(({ cause }) => cause === 'answered'));
}

/** Passwords of a user by MESSAGE, one after the other, for as long as there are answers. */
async function guess(peer: RoguePeer, server: string): Promise<void> {
  const uri = `sip:${server}`;
  const challenge = await peer.ask({ method: 'MESSAGE', uri });
  peer.received.length = 0;
  for (let round = 1; round < 400; round++) {
    const user = guessedAt[round % guessedAt.length] ?? '';
    const headers = answerChallenge(challenge, 'MESSAGE', uri, { user, password: `${password}${round}` }, round);
    peer.send(
      peer.request({ method: 'MESSAGE', uri, headers: headers.replace(/^Authorization/, 'Proxy-Authorization') }),
    );
    await wait(20);
  }
}

/** Each second the phone renews its registration with the nonce that it has, as phones do. */
async function renewInFlood(phone: RoguePeer, server: string): Promise<{ asked: number; served: number }> {
  const uri = `sip:${server}`;
  const challenge = await phone.ask({ method: 'REGISTER', uri });
  let served = 0;
  for (let count = 1; count <= floodS; count++) {
    const contact = `Contact: <sip:dave@${phone.address}:5060>\r\nExpires: 600\r\n`;
    const headers = contact + answerChallenge(challenge, 'REGISTER', uri, { user: 'dave', password }, count);
    const to = `<sip:dave@${server}>`;
    const answer = await phone.ask({ method: 'REGISTER', uri, to, headers }).catch(() => '');
    if (answer.startsWith('SIP/2.0 200')) served++;
    phone.received.length = 0;
    await wait(1000);
  }
  return { asked: floodS, served };
}

/** Questions, calls, registrations and garbage from all of them, a few hundred a second together. */
async function floodOfStrangers(strangers: readonly RoguePeer[], server: string): Promise<void> {
  const untilMs = performance.now() + floodS * 1000;
  const methods = ['REGISTER', 'INVITE', 'OPTIONS', 'MESSAGE'];
  for (let round = 0; performance.now() < untilMs; round++) {
    for (const peer of strangers) {
      const method = methods[round % 5];
      if (method === undefined) peer.send(token().repeat(20));
      else peer.send(peer.request({ method, uri: `sip:${1000 + (round % 50)}@${server}` }));
    }
    await wait(15);
  }
}

/** Of the messages that it sent, those that it had sent before. */
function repeatedShare(phone: SippProcess): number {
  const sent = phone.messages().filter(({ direction }) => direction === 'sent');
  return 1 - new Set(sent.map(({ text }) => text)).size / sent.length;
}
