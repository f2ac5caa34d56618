import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { after, beforeEach, describe, test } from 'node:test';
import { type Answer, encode } from 'dns-packet';
import { DnsServer, type SeenQuestion } from '../../../test/kit/dns-server.ts';
import { seededRandom } from '../../../test/kit/seeded-random.ts';
import { SimulatedClock } from '../../../test/kit/simulated-clock.ts';
import type { Endpoint } from '../../base/net/endpoint.ts';
import { systemNetwork } from '../transport/system-network.ts';
import { DnsClient } from './dns-client.ts';
import type { DnsAnswer } from './records.ts';

const zone: readonly Answer[] = [
  { type: 'A', name: 'carrier.test', ttl: 300, data: '192.0.2.1' },
  { type: 'A', name: 'carrier.test', ttl: 60, data: '192.0.2.2' },
  {
    type: 'SRV',
    name: '_sip._udp.carrier.test',
    ttl: 30,
    data: { port: 5062, target: 'One.Carrier.test', priority: 10, weight: 5 },
  },
  { type: 'CNAME', name: 'alias.test', ttl: 20, data: 'second.test' },
  { type: 'CNAME', name: 'second.test', ttl: 90, data: 'carrier.test' },
  { type: 'CNAME', name: 'loop.test', ttl: 90, data: 'loop.test' },
  { type: 'CNAME', name: 'long.test', ttl: 90, data: '0.long.test' },
  ...Array.from({ length: 30 }, (_, at): Answer => {
    return { type: 'CNAME', name: `${at}.long.test`, ttl: 90, data: `${at + 1}.long.test` };
  }),
  ...Array.from({ length: 60 }, (_, at): Answer => ({ type: 'A', name: 'many.test', ttl: 9, data: `10.0.0.${at}` })),
];

const random = seededRandom(21);
const server = await DnsServer.start(zone);
after(() => server.close());

function clientOf(clock: SimulatedClock, ...servers: readonly Endpoint[]): DnsClient {
  return new DnsClient({ network: systemNetwork, clock, random, servers: () => servers });
}

function addresses(answer: DnsAnswer): readonly string[] {
  assert.equal(answer.kind, 'records', JSON.stringify(answer));
  return answer.kind === 'records' ? answer.records.map((each) => ('address' in each ? each.address : '')) : [];
}

/** An answer that somebody makes up; what is not given is as the question has it. */
function forged(seen: SeenQuestion, change: { id?: number; name?: string }): Buffer {
  const name = change.name ?? seen.name;
  return encode({
    ...{ type: 'response', id: change.id ?? seen.id, questions: [{ type: 'A', name }] },
    answers: [{ type: 'A', name, ttl: 99, data: '203.0.113.66' }],
  });
}

describe('the DNS client', () => {
  beforeEach(() => {
    server.questions.length = 0;
    server.script = () => 'zone';
  });

  test('an answer has all records of the name and the smallest of their TTLs', async () => {
    const client = clientOf(new SimulatedClock(), server.endpoint);
    const answer = await client.ask('A', 'Carrier.Test.');
    assert.deepEqual(addresses(answer), ['192.0.2.1', '192.0.2.2']);
    assert.equal(answer.kind === 'records' && answer.ttlS, 60);
    assert.deepEqual(await client.ask('SRV', '_sip._udp.carrier.test'), {
      ...{ kind: 'records', ttlS: 30 },
      records: [{ type: 'SRV', priority: 10, weight: 5, port: 5062, target: 'one.carrier.test' }],
    });
  });

  test('a name that is not there, and one without such records, are a no with the TTL of the SOA', async () => {
    const client = clientOf(new SimulatedClock(), server.endpoint);
    assert.deepEqual(await client.ask('A', 'nobody.test'), { kind: 'none', ttlS: 60 });
    assert.deepEqual(await client.ask('AAAA', 'carrier.test'), { kind: 'none', ttlS: 60 });
  });

  test('each question has an id, a port and a letter case of its own', async () => {
    const client = clientOf(new SimulatedClock(), server.endpoint);
    for (let round = 0; round < 12; round++) await client.ask('A', 'carrier.test');
    const distinct = (of: (seen: SeenQuestion) => unknown): number => new Set(server.questions.map(of)).size;
    assert.equal(
      distinct(({ id }) => id),
      12,
    );
    assert.ok(distinct(({ port }) => port) >= 11, 'ports are drawn by the system');
    assert.ok(distinct(({ name }) => name) >= 11);
  });

  test('an answer with another id, another name or another letter case is not believed', async () => {
    server.script = (seen) => ({
      octets: [
        forged(seen, { id: seen.id ^ 1 }),
        forged(seen, { name: 'other.test' }),
        forged(seen, { name: swapped(seen.name) }),
        Buffer.from('no DNS at all'),
        Buffer.alloc(3),
      ],
      thenZone: true,
    });
    const client = clientOf(new SimulatedClock(), server.endpoint);
    assert.deepEqual(addresses(await client.ask('A', 'carrier.test')), ['192.0.2.1', '192.0.2.2']);
    assert.equal(server.questions.length, 1);
  });

  test('records of other names in an answer are left out', async () => {
    server.script = (seen) => {
      const answers: Answer[] = [
        { type: 'A', name: 'bank.test', ttl: 9, data: '203.0.113.66' },
        { type: 'A', name: 'carrier.test', ttl: 9, data: '192.0.2.1' },
      ];
      const questions = seen.packet.questions ?? [];
      return { octets: [encode({ type: 'response', id: seen.id, questions, answers })], thenZone: false };
    };
    const answer = await clientOf(new SimulatedClock(), server.endpoint).ask('A', 'carrier.test');
    assert.deepEqual(addresses(answer), ['192.0.2.1']);
  });

  test('an answer from another port than the one asked is not believed', async () => {
    const liar = createSocket('udp4');
    const lied = Promise.withResolvers<void>();
    server.script = (seen) => {
      if (server.questions.length > 1) return 'zone';
      liar.send(forged(seen, {}), seen.port, '127.0.0.1', () => lied.resolve());
      return 'silent';
    };
    const clock = new SimulatedClock();
    const asked = clientOf(clock, server.endpoint).ask('A', 'carrier.test');
    await lied.promise;
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
    clock.advance(800);
    assert.deepEqual(addresses(await asked), ['192.0.2.1', '192.0.2.2']);
    liar.close();
  });

  test('one who floods the port with guesses is met with TCP', async () => {
    server.script = (seen) => {
      if (seen.over === 'tcp') return 'zone';
      return {
        octets: Array.from({ length: 40 }, (_, at) => forged(seen, { id: (seen.id + 1 + at) & 0xffff })),
        thenZone: false,
      };
    };
    const answer = await clientOf(new SimulatedClock(), server.endpoint).ask('A', 'carrier.test');
    assert.deepEqual(addresses(answer), ['192.0.2.1', '192.0.2.2']);
    assert.deepEqual(
      server.questions.map(({ over }) => over),
      ['udp', 'tcp'],
    );
  });

  test('an answer that was cut is asked for again over TCP', async () => {
    server.maxUdpOctets = 512;
    const answer = await clientOf(new SimulatedClock(), server.endpoint).ask('A', 'many.test');
    assert.equal(addresses(answer).length, 60);
    assert.deepEqual(
      server.questions.map(({ over }) => over),
      ['udp', 'tcp'],
    );
  });

  test('aliases are followed, also where the server tells one at a time, and the smallest TTL holds', async () => {
    const answer = await clientOf(new SimulatedClock(), server.endpoint).ask('A', 'alias.test');
    assert.deepEqual(addresses(answer), ['192.0.2.1', '192.0.2.2']);
    assert.equal(answer.kind === 'records' && answer.ttlS, 20);
    assert.deepEqual(server.log(), ['A alias.test', 'A second.test', 'A carrier.test']);
  });

  test('a chain of aliases without an end is given up', async () => {
    const client = clientOf(new SimulatedClock(), server.endpoint);
    assert.deepEqual(await client.ask('A', 'long.test'), { kind: 'failed', reason: 'too many aliases' });
    assert.ok(server.questions.length <= 9);
    server.questions.length = 0;
    assert.equal((await client.ask('A', 'loop.test')).kind, 'none');
    assert.ok(server.questions.length <= 9);
  });

  test('a silent server costs its time-out, and the next one is asked; then that one first', async () => {
    const silent = await DnsServer.start([]);
    silent.script = () => 'silent';
    const clock = new SimulatedClock();
    const client = clientOf(clock, silent.endpoint, server.endpoint);
    const asked = client.ask('A', 'carrier.test');
    await silent.asked(1);
    clock.advance(800);
    assert.deepEqual(addresses(await asked), ['192.0.2.1', '192.0.2.2']);
    await client.ask('A', 'carrier.test');
    assert.equal(silent.questions.length, 1);
    assert.equal(clock.pendingCount, 0);
    silent.close();
  });

  for (const rcode of [2, 5]) {
    test(`a server that answers ${rcode === 2 ? 'SERVFAIL' : 'REFUSED'} is passed over`, async (t) => {
      const broken = await DnsServer.start([]);
      t.after(() => broken.close());
      broken.script = () => ({ rcode });
      const answer = await clientOf(new SimulatedClock(), broken.endpoint, server.endpoint).ask('A', 'carrier.test');
      assert.deepEqual(addresses(answer), ['192.0.2.1', '192.0.2.2']);
    });
  }

  test('a server that knows no EDNS is asked again in the plain form', async () => {
    server.script = ({ hasEdns }) => (hasEdns ? { rcode: 1 } : 'zone');
    const answer = await clientOf(new SimulatedClock(), server.endpoint).ask('A', 'carrier.test');
    assert.deepEqual(addresses(answer), ['192.0.2.1', '192.0.2.2']);
    assert.deepEqual(
      server.questions.map(({ hasEdns, name }) => [hasEdns, name === 'carrier.test']),
      [
        [true, false],
        [false, true],
      ],
    );
  });

  test('when all are silent the question fails within 5 s and leaves nothing behind', async () => {
    const clock = new SimulatedClock();
    server.script = () => 'silent';
    const asked = clientOf(clock, server.endpoint).ask('A', 'carrier.test');
    await server.asked(1);
    clock.advance(800);
    await server.asked(2);
    clock.advance(1600);
    assert.deepEqual(await asked, { kind: 'failed', reason: 'no answer' });
    assert.equal(clock.pendingCount, 0);
  });

  for (const name of ['', 'a..b', `${'x'.repeat(64)}.test`, 'bad name.test', `${'abc.'.repeat(70)}test`]) {
    test(`nobody is asked for the bad name '${name.slice(0, 20)}'`, async () => {
      const answer = await clientOf(new SimulatedClock(), server.endpoint).ask('A', name);
      assert.deepEqual(answer, { kind: 'failed', reason: 'bad name' });
      assert.equal(server.questions.length, 0);
    });
  }
});

function swapped(name: string): string {
  return Array.from(name)
    .map((letter) => (letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase()))
    .join('');
}
