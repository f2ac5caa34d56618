import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { seededRandom } from '../../test/kit/seeded-random.ts';
import { SimulatedClock } from '../../test/kit/simulated-clock.ts';
import { noFaults, SimulatedNetwork } from '../../test/kit/simulated-network.ts';
import { Secret } from '../base/log/secret.ts';
import type { Endpoint } from '../base/net/endpoint.ts';
import {
  createResponse,
  defaultParseLimits,
  HeaderList,
  parseMessage,
  SipRequest,
  serialise,
} from '../sip/message/index.ts';
import { Phone, type PhoneOptions } from './phone.ts';
import type { PhoneCall } from './phone-call.ts';
import { TestSwitch } from './test-switch.ts';
import { voices } from './tone.ts';

const server: Endpoint = { address: '192.0.2.1', port: 5060 };

/** Lets promises that are due settle; takes no time. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

class Bench {
  readonly clock = new SimulatedClock();
  readonly random = seededRandom(7);
  readonly network = new SimulatedNetwork(this.clock, this.random);
  readonly switch = new TestSwitch('example.org', this.clock);
  readonly phones: Phone[] = [];

  async phone(user: string, changed: Partial<PhoneOptions> = {}): Promise<Phone> {
    if (this.phones.length === 0) await this.switch.start(this.network, server);
    this.switch.passwords.set(user, 'secret');
    const phone = new Phone({
      network: this.network,
      clock: this.clock,
      random: this.random,
      local: { address: `198.51.100.${this.phones.length + 1}`, port: 5060 },
      server,
      transport: 'udp',
      user,
      password: new Secret('secret'),
      domain: 'example.org',
      realm: 'test',
      lines: 1,
      voice: voices[this.phones.length],
      ...changed,
    });
    this.phones.push(phone);
    await phone.start();
    return phone;
  }

  async pair(): Promise<{ anna: Phone; bert: Phone; incoming: PhoneCall[] }> {
    const [anna, bert] = [await this.phone('anna'), await this.phone('bert')];
    const incoming: PhoneCall[] = [];
    bert.onIncoming = (call) => incoming.push(call);
    const done = Promise.all([anna.register(3600), bert.register(3600)]);
    this.clock.advance(100);
    await done;
    return { anna, bert, incoming };
  }

  /** A call that is up, and its other side. */
  async connected(): Promise<{ anna: Phone; bert: Phone; out: PhoneCall; back: PhoneCall }> {
    const { anna, bert, incoming } = await this.pair();
    const out = anna.call('bert');
    this.clock.advance(100);
    const [back] = incoming;
    assert.ok(back !== undefined && out.state === 'up' && back.state === 'up');
    return { anna, bert, out, back };
  }

  close(): void {
    for (const phone of this.phones) phone.close();
    this.switch.stop();
  }
}

describe('registration', () => {
  test('a phone answers the challenge and is bound for what was granted', async () => {
    const bench = new Bench();
    const phone = await bench.phone('anna');
    const registered = phone.register(600);
    bench.clock.advance(100);
    assert.deepEqual(await registered, { ok: true, value: { expiresS: 600 } });
    assert.deepEqual(bench.switch.bindings.get('anna'), phone.local);
    assert.equal(bench.switch.requests('REGISTER').length, 2);
    assert.equal(phone.isRegistered, true);
    bench.close();
  });

  test('a binding is renewed before it expires, and removed when asked', async () => {
    const bench = new Bench();
    const phone = await bench.phone('anna');
    const registered = phone.register(600);
    bench.clock.advance(100);
    await registered;
    for (let minute = 0; minute < 30; minute++) {
      bench.clock.advance(60_000);
      await settle();
      assert.equal(phone.isRegistered, true, `after ${minute} minutes`);
    }
    const unregistered = phone.unregister();
    bench.clock.advance(100);
    assert.equal((await unregistered).ok, true);
    assert.equal(phone.isRegistered, false);
    assert.equal(bench.switch.bindings.size, 0);
    bench.close();
  });

  test('a wrong password is tried once and then reported', async () => {
    const bench = new Bench();
    const phone = await bench.phone('anna', { password: new Secret('guess') });
    const registered = phone.register(600);
    bench.clock.advance(100);
    assert.deepEqual(await registered, { ok: false, error: { status: 401, reason: 'Unauthorized' } });
    assert.equal(bench.switch.requests('REGISTER').length, 2);
    bench.close();
  });

  test('a server that is silent is a 408 after 32 seconds', async () => {
    const bench = new Bench();
    const phone = await bench.phone('anna');
    bench.switch.lose = () => true;
    const registered = phone.register(600);
    bench.clock.advance(32_000);
    const outcome = await registered;
    assert.equal(outcome.ok ? 200 : outcome.error.status, 408);
    bench.close();
  });
});

describe('a call', () => {
  test('rings, is answered, and each side hears the other’s voice and nobody else', async () => {
    const bench = new Bench();
    const { anna, bert, incoming } = await bench.pair();
    bert.policy = { ringMs: 2000, answer: true };
    const out = anna.call('bert');
    bench.clock.advance(1000);
    assert.equal(out.state, 'ringing');
    assert.equal(incoming[0]?.state, 'ringing');
    bench.clock.advance(1500);
    assert.equal(out.state, 'up');
    bench.clock.advance(5000);
    const [own, others] = voices;
    assert.ok((out.media?.heardMs(others) ?? 0) >= 5000);
    assert.ok((incoming[0]?.media?.heardMs(own) ?? 0) >= 5000);
    assert.equal(out.media?.heardMs(own), 0);
    assert.equal(out.media?.heard.voice, others);
    assert.equal(out.media?.lostPackets, 0);

    out.hangUp();
    bench.clock.advance(100);
    assert.deepEqual(await out.ended, { status: 200, cause: 'bye', by: 'us', reasons: [] });
    assert.deepEqual(await incoming[0]?.ended, { status: 200, cause: 'bye', by: 'peer', reasons: [] });
    assert.deepEqual([out.sentBye, out.gotBye, incoming[0]?.sentBye, incoming[0]?.gotBye], [true, false, false, true]);
    assert.equal((out.endedAtMs ?? 0) - (out.answeredAtMs ?? 0) > 5000, true);
    bench.close();
  });

  test('the ACK of a 2xx has the number of its INVITE and a branch of its own', async () => {
    const bench = new Bench();
    const { anna, out } = await bench.connected();
    const invites = bench.switch.requests('INVITE', anna.local);
    const acks = bench.switch.requests('ACK', anna.local).filter((ack) => ack.uri !== invites[0]?.uri);
    assert.equal(invites.length, 2);
    assert.equal(acks.length, 1);
    assert.equal(acks[0]?.cseq.seq, 2);
    assert.notEqual(acks[0]?.topVia.branch, invites[1]?.topVia.branch);
    assert.equal(acks[0]?.callId, out.sipCallId);
    bench.close();
  });

  test('a lost ACK is sent again for each repeated 2xx, and the callee hangs up only after it', async () => {
    const bench = new Bench();
    const { anna, incoming } = await bench.pair();
    let lost = 0;
    bench.switch.lose = (message) =>
      message.kind === 'request' && message.method === 'ACK' && message.uri.includes('198.51.100') && lost++ < 2;
    const out = anna.call('bert');
    bench.clock.advance(100);
    incoming[0]?.hangUp();
    bench.clock.advance(300);
    assert.equal(out.state, 'up');
    bench.clock.advance(2000);
    assert.equal(lost, 3);
    assert.equal((await out.ended).by, 'peer');
    assert.equal(incoming[0]?.sentBye, true);
    bench.close();
  });

  test('without any ACK the callee ends the call', async () => {
    const bench = new Bench();
    const { anna, incoming } = await bench.pair();
    bench.switch.lose = (message) =>
      message.kind === 'request' && message.method === 'ACK' && message.uri.includes('198.51.100');
    const out = anna.call('bert');
    bench.clock.advance(33_000);
    assert.equal((await out.ended).by, 'peer');
    assert.equal((await incoming[0]?.ended)?.cause, 'lost');
    bench.close();
  });

  test('a busy phone refuses with 486, and the refusal is acknowledged', async () => {
    const bench = new Bench();
    const { anna, bert } = await bench.connected();
    const clara = await bench.phone('clara');
    const third = clara.call('bert');
    bench.clock.advance(1000);
    assert.deepEqual(await third.ended, { status: 486, cause: 'refused', by: 'peer', reasons: ['Busy Here'] });
    assert.equal(bench.switch.requests('ACK', clara.local).length, 2);
    assert.equal(anna.calls.length + bert.calls.length, 2);
    bench.close();
  });

  test('a policy may refuse, with its status', async () => {
    const bench = new Bench();
    const { anna, bert } = await bench.pair();
    bert.policy = { ringMs: 500, answer: 480 };
    const out = anna.call('bert');
    bench.clock.advance(1000);
    assert.equal((await out.ended).status, 480);
    bench.close();
  });

  test('a cancelled call ends with 487 on both sides', async () => {
    const bench = new Bench();
    const { anna, bert, incoming } = await bench.pair();
    bert.policy = { ringMs: 0, answer: false };
    const out = anna.call('bert');
    bench.clock.advance(1000);
    assert.equal(out.state, 'ringing');
    out.cancel();
    bench.clock.advance(100);
    assert.deepEqual(await out.ended, { status: 487, cause: 'cancelled', by: 'us', reasons: ['Request Terminated'] });
    assert.deepEqual(await incoming[0]?.ended, { status: 487, cause: 'cancelled', by: 'peer', reasons: [] });
    assert.deepEqual([out.sentBye, incoming[0]?.gotBye], [false, false]);
    bench.close();
  });

  test('a cancel before any answer waits for it, and an answer that crosses is ended with a BYE', async () => {
    const bench = new Bench();
    const { anna, incoming } = await bench.pair();
    const out = anna.call('bert');
    out.cancel();
    bench.clock.advance(100);
    assert.equal((await out.ended).status, 487);
    // The challenge is the first answer; with the call given up it is not answered.
    assert.equal(incoming.length, 0);
    assert.equal(bench.switch.requests('CANCEL').length, 0);

    bench.network.faults = { ...noFaults, minDelayMs: 10, maxDelayMs: 10 };
    const again = anna.call('bert');
    // 20 ms for the challenge, 20 to the callee, which answers at once: the cancel meets the 2xx on its way.
    bench.clock.advance(45);
    again.cancel();
    bench.clock.advance(200);
    assert.equal((await again.ended).status, 487);
    assert.equal(again.sentBye, true);
    assert.equal((await incoming[0]?.ended)?.cause, 'bye');
    bench.close();
  });

  test('a bad network loses, repeats and reorders messages, and calls still end on both sides', async () => {
    const bench = new Bench();
    const { anna, incoming } = await bench.pair();
    bench.network.faults = { lossPerMille: 250, duplicatePerMille: 200, minDelayMs: 5, maxDelayMs: 300 };
    for (let round = 0; round < 20; round++) {
      const out = anna.call('bert');
      bench.clock.advance(20_000);
      out.hangUp();
      bench.clock.advance(80_000);
      assert.equal(out.state, 'ended', `call ${round}`);
      assert.equal(incoming.at(-1)?.state ?? 'ended', 'ended', `call ${round}, callee`);
    }
    assert.ok(incoming.length > 10);
    bench.close();
  });
});

describe('in a call', () => {
  test('hold silences the other side, from either side, and resume brings the voices back', async () => {
    for (const holder of ['caller', 'callee'] as const) {
      const bench = new Bench();
      const { out, back } = await bench.connected();
      const [holding, held] = holder === 'caller' ? [out, back] : [back, out];
      bench.clock.advance(1000);
      assert.notEqual(held.media?.heard.voice, undefined);
      const onHold = holding.hold();
      bench.clock.advance(100);
      assert.equal((await onHold).ok, true, holder);
      assert.deepEqual([holding.held, held.heldByPeer, held.held], [true, true, false]);
      bench.clock.advance(1000);
      assert.equal(held.media?.heard.voice, undefined);
      assert.equal(holding.media?.heard.voice, undefined);
      assert.ok((held.media?.receivedPackets ?? 0) > 100, 'silence is sent, not nothing');
      const resumed = holding.resume();
      bench.clock.advance(1000);
      assert.equal((await resumed).ok, true);
      assert.deepEqual([holding.held, held.heldByPeer], [false, false]);
      assert.notEqual(held.media?.heard.voice, undefined);
      assert.notEqual(holding.media?.heard.voice, undefined);
      bench.close();
    }
  });

  test('offers of both sides at once are refused with 491 and the call goes on', async () => {
    const bench = new Bench();
    const { out, back } = await bench.connected();
    const both = Promise.all([out.hold(), back.hold()]);
    bench.clock.advance(1000);
    assert.deepEqual(
      (await both).map((one) => (one.ok ? 200 : one.error.status)),
      [491, 491],
    );
    assert.deepEqual([out.state, back.state, out.held, back.held], ['up', 'up', false, false]);
    bench.close();
  });

  test('digits arrive once each, as INFO and as telephone events', async () => {
    for (const way of ['info', 'event'] as const) {
      const bench = new Bench();
      const { out, back } = await bench.connected();
      const sent = out.sendDtmf('159*#0', way);
      for (let step = 0; step < 20; step++) {
        bench.clock.advance(100);
        await settle();
      }
      assert.equal((await sent).ok, true);
      assert.equal(back.digits, '159*#0', way);
      bench.close();
    }
  });
});

test('over TCP a phone registers and takes a call on the connection that it opened', async () => {
  const bench = new Bench();
  const received: string[] = [];
  let answerTo: ((octets: string) => void) | undefined;
  await bench.network.listenTcp(server, (stream) => {
    stream.onData = (octets) => received.push(octets.toString('latin1'));
    answerTo = (octets) => stream.write(Buffer.from(octets, 'latin1'));
  });
  const phone = await bench.phone('anna', { transport: 'tcp', voice: undefined });
  const registered = phone.register(600);
  bench.clock.advance(100);
  const request = parseMessage(received[0] ?? '', defaultParseLimits);
  assert.ok(request.ok && request.value.kind === 'request');
  assert.match(
    request.value.headers.get('contact') ?? '',
    /^<sip:anna@198\.51\.100\.1:5060;transport=tcp>;expires=600$/,
  );
  answerTo?.(serialise(createResponse(request.value, 200)));
  bench.clock.advance(100);
  assert.equal((await registered).ok, true);

  const headers = new HeaderList()
    .append('via', 'SIP/2.0/TCP 192.0.2.1:5060;branch=z9hG4bKcall')
    .append('from', '<sip:bert@example.org>;tag=1')
    .append('to', '<sip:anna@example.org>')
    .append('call-id', 'call')
    .append('cseq', '1 INVITE')
    .append('contact', '<sip:192.0.2.1;transport=tcp>');
  answerTo?.(serialise(new SipRequest('INVITE', 'sip:anna@example.org', headers, '')));
  bench.clock.advance(100);
  assert.match(received.join(''), /^SIP\/2\.0 200 OK\r\n(?:.+\r\n|\r\n)*m=audio 9 RTP\/AVP 0 101\r\n/m);
  assert.equal(phone.calls[0]?.state, 'up');
  bench.close();
});

test('a message is challenged, delivered and shown as it was written', async () => {
  const bench = new Bench();
  const { anna, bert } = await bench.pair();
  const texts: string[] = [];
  bert.onMessage = (_from, text) => texts.push(text);
  const sent = anna.message('bert', 'Grüße, 世界');
  bench.clock.advance(100);
  assert.equal((await sent).ok, true);
  assert.deepEqual(texts, ['Grüße, 世界']);
  bench.close();
});

test('OPTIONS is answered with what the phone can do', async () => {
  const bench = new Bench();
  const { anna } = await bench.pair();
  const headers = new HeaderList()
    .append('via', 'SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKoptions')
    .append('from', '<sip:example.org>;tag=1')
    .append('to', '<sip:anna@example.org>')
    .append('call-id', 'options')
    .append('cseq', '1 OPTIONS');
  const before = bench.switch.passed.length;
  bench.switch.send(new SipRequest('OPTIONS', 'sip:anna@example.org', headers, ''), anna.local);
  bench.clock.advance(100);
  const answer = bench.switch.passed[before]?.message;
  assert.equal(answer?.kind === 'response' ? answer.status : 0, 200);
  assert.match(answer?.headers.get('allow') ?? '', /INVITE/);
  bench.close();
});

test('packets of strangers do not ring the phone', async () => {
  const bench = new Bench();
  const { bert, incoming } = await bench.pair();
  const headers = new HeaderList()
    .append('via', 'SIP/2.0/UDP 203.0.113.9:5060;branch=z9hG4bKstranger')
    .append('from', '<sip:1000@203.0.113.9>;tag=1')
    .append('to', '<sip:bert@example.org>')
    .append('call-id', 'stranger')
    .append('cseq', '1 INVITE');
  const stranger = new TestSwitch('stranger.example', bench.clock);
  await stranger.start(bench.network, { address: '203.0.113.9', port: 5060 });
  stranger.send(new SipRequest('INVITE', 'sip:bert@example.org', headers, ''), bert.local);
  bench.clock.advance(1000);
  assert.equal(incoming.length, 0);
  assert.equal(stranger.passed.length, 0);
  bench.close();
});
