import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '../../../test/kit/seeded-random.ts';
import { SimulatedClock } from '../../../test/kit/simulated-clock.ts';
import { SimulatedNetwork } from '../../../test/kit/simulated-network.ts';
import { messageOf, type RequestFields, requestText } from '../../../test/kit/transaction-bench.ts';
import type { Endpoint } from '../../base/net/endpoint.ts';
import { HeaderList, type SipRequest, type SipResponse } from '../message/index.ts';
import { defaultTimers } from '../transaction/index.ts';
import { defaultTransportLimits, type Flow } from '../transport/index.ts';
import type { UdpSocket } from '../transport/ports.ts';
import type { DialogOwner } from './dialog-registry.ts';
import { SipStack } from './sip-stack.ts';

const server: Endpoint = { address: '192.0.2.1', port: 5060 };
const peer: Endpoint = { address: '198.51.100.1', port: 5062 };

/** A stack on a simulated network, and whoever speaks to it. */
class Bench {
  readonly clock = new SimulatedClock();
  readonly network = new SimulatedNetwork(this.clock, seededRandom(1));
  readonly requests: SipRequest[] = [];
  readonly flows: Flow[] = [];
  forceRport = false;
  /** The socket of whoever has spoken. */
  caller: UdpSocket | undefined;
  readonly stack: SipStack;

  constructor(maxTransactions = 100) {
    this.stack = new SipStack(
      {
        ...{ network: this.network, clock: this.clock, random: seededRandom(2), timers: defaultTimers },
        transportLimits: defaultTransportLimits,
        bounds: { maxTransactions },
        isKnown: () => false,
        advertise: () => server,
        forceRport: () => this.forceRport,
        serverName: 'test',
        onFault: (error) => {
          throw error;
        },
      },
      {
        admit: () => 'serve',
        onRequest: (request, flow) => {
          this.requests.push(request);
          this.flows.push(flow);
        },
        onMalformed: () => {},
        onKeepAlive: () => {},
        onConnectionClosed: () => {},
      },
    );
  }

  /** Sends texts from an endpoint; @returns what comes to each of the endpoints that listen. */
  async send(texts: readonly string[], from = peer, listening = [from]): Promise<Map<Endpoint, SipResponse[]>> {
    await this.stack.listen('udp', server);
    const received = new Map<Endpoint, SipResponse[]>(listening.map((at) => [at, []]));
    const sockets = await Promise.all(
      listening.map((at) =>
        this.network.bindUdp(at, (octets) => {
          const message = messageOf(octets.toString('latin1'));
          if (message.kind === 'response') received.get(at)?.push(message);
        }),
      ),
    );
    this.caller = sockets[0];
    for (const text of texts) {
      this.caller?.send(Buffer.from(text, 'latin1'), server);
      this.clock.advance(10);
    }
    return received;
  }

  async answerTo(method: string, fields: RequestFields): Promise<SipResponse | undefined> {
    return (await this.send([requestText(method, fields)])).get(peer)?.[0];
  }
}

/** Requests outside a dialog and what they are answered; undefined for what goes up to the domain. */
const sanityTable: readonly {
  readonly what: string;
  readonly method: string;
  readonly fields: RequestFields;
  readonly status: number | undefined;
  readonly header?: readonly [string, string];
}[] = [
  { what: 'an INVITE', method: 'INVITE', fields: {}, status: undefined },
  { what: 'a REGISTER', method: 'REGISTER', fields: { uri: 'sip:192.0.2.1' }, status: undefined },
  { what: 'a tel URI', method: 'INVITE', fields: { uri: 'tel:+431234' }, status: undefined },
  { what: 'a sips URI', method: 'INVITE', fields: { uri: 'sips:200@192.0.2.1' }, status: undefined },
  {
    ...{ what: 'an unknown method', method: 'NEWMETHOD', fields: {}, status: 501 },
    header: ['allow', 'INVITE, ACK, CANCEL, BYE, REGISTER, OPTIONS, INFO, MESSAGE, UPDATE, PRACK'],
  },
  { what: 'an unknown scheme', method: 'INVITE', fields: { uri: 'http://example.org/' }, status: 416 },
  { what: 'a name without scheme', method: 'INVITE', fields: { uri: '200' }, status: 400 },
  { what: 'a sip URI that is none', method: 'INVITE', fields: { uri: 'sip:200@192.0.2.1:99999' }, status: 400 },
  { what: 'no hop left', method: 'INVITE', fields: { headers: ['Max-Forwards: 0'] }, status: 483 },
  { what: 'one hop left', method: 'INVITE', fields: { headers: ['Max-Forwards: 1'] }, status: undefined },
  {
    what: 'OPTIONS without a hop left',
    method: 'OPTIONS',
    fields: { headers: ['Max-Forwards: 0'] },
    status: undefined,
  },
  {
    ...{
      what: 'a required extension',
      method: 'INVITE',
      fields: { headers: ['Require: bar, 100rel, path, timer, foo'] },
      status: 420,
    },
    header: ['unsupported', 'bar, foo'],
  },
  {
    what: 'a required extension that we have',
    method: 'INVITE',
    fields: { headers: ['Require: Path'] },
    status: undefined,
  },
  {
    ...{ what: 'a packed body', method: 'INVITE', fields: { headers: ['Content-Encoding: gzip'] }, status: 415 },
    header: ['accept-encoding', 'identity'],
  },
  {
    what: 'a body that says it is plain',
    method: 'INVITE',
    fields: { headers: ['Content-Encoding: Identity'] },
    status: undefined,
  },
  {
    what: 'something required of proxies',
    method: 'INVITE',
    fields: { headers: ['Proxy-Require: privacy, foo'] },
    status: 420,
    header: ['unsupported', 'foo'],
  },
  {
    what: 'privacy required of proxies',
    method: 'INVITE',
    fields: { headers: ['Proxy-Require: privacy'] },
    status: undefined,
  },
  {
    ...{ what: 'a body of an unknown type in a dialog', method: 'INVITE', status: 415 },
    fields: { toTag: 'gone', headers: ['Content-Type: a/b'], body: 'x' },
    header: ['accept', 'application/sdp'],
  },
  { what: 'a dialog that is not here', method: 'BYE', fields: { toTag: 'gone' }, status: 481 },
  { what: 'a re-INVITE of a dialog that is not here', method: 'INVITE', fields: { toTag: 'gone' }, status: 481 },
  { what: 'a CANCEL of nothing', method: 'CANCEL', fields: {}, status: 481 },
];

describe('a new request', () => {
  for (const { what, method, fields, status, header } of sanityTable) {
    it(`with ${what} is ${status === undefined ? 'handed up' : `answered ${status}`}, and remembered in neither case`, async () => {
      const bench = new Bench();
      const answer = await bench.answerTo(method, fields);
      assert.equal(answer?.status, status);
      assert.equal(bench.requests.length, status === undefined ? 1 : 0);
      assert.deepEqual([bench.stack.transactionCount, bench.clock.pendingCount], [0, 0]);
      if (answer === undefined) return;
      if (header !== undefined) assert.equal(answer.headers.get(header[0]), header[1]);
      assert.match(answer.toTag ?? '', /^(?:[0-9a-f]{16}|gone)$/);
    });
  }

  it('an ACK is never answered, whatever is wrong with it', async () => {
    const texts = [{}, { toTag: 'gone' }, { uri: 'http://x' }, { headers: ['Max-Forwards: 0'] }].map((fields) =>
      requestText('ACK', fields),
    );
    const received = await new Bench().send([...texts, 'ACK nonsense SIP/2.0\r\n\r\n']);
    assert.deepEqual(received.get(peer), []);
  });

  it('bytes that are half a request are answered 400 once, to where they came from', async () => {
    const text = requestText('INVITE').replace('Content-Length: 0', 'Content-Length: 99');
    const received = await new Bench().send([text]);
    assert.deepEqual(
      received.get(peer)?.map(({ status }) => status),
      [400],
    );
  });

  it('that was refused without state is judged anew when it is sent again, so that strangers cost no memory', async () => {
    const bench = new Bench();
    const text = requestText('INVITE', { headers: ['Max-Forwards: 0'] });
    const received = await bench.send([text, text]);
    assert.equal(received.get(peer)?.length, 2);
    assert.equal(bench.stack.transactionCount, 0);
  });

  it('gets the same To tag each time that it is sent, and nobody else can tell it (RFC 3261 §8.2.7)', async () => {
    const bench = new Bench();
    const refused = { headers: ['Max-Forwards: 0'] };
    const texts = [requestText('INVITE', refused), requestText('INVITE', refused), requestText('CANCEL')];
    const others = [{ branch: 'z9hG4bK2' }, { callId: 'call-2' }, { fromTag: 'from-2' }, { seq: 2 }].map((fields) =>
      requestText('INVITE', { ...refused, ...fields }),
    );
    const tags = (await bench.send([...texts, ...others])).get(peer)?.map(({ toTag }) => toTag) ?? [];
    assert.deepEqual([tags.length, new Set(tags.slice(0, 3)).size, new Set(tags).size], [7, 1, 5]);
    const other = { address: '203.0.113.66', port: 5062 };
    const elsewhere = await bench.network.bindUdp(other, (octets) =>
      tags.push(messageOf(octets.toString('latin1')).toTag),
    );
    elsewhere.send(Buffer.from(requestText('INVITE', { ...refused, via: 'x;rport;branch=z9hG4bK1' })), server);
    bench.clock.advance(10);
    assert.deepEqual([tags.length, new Set(tags).size], [8, 6]);
  });

  it('that comes over a second path is 482, while the first copy is under way', async () => {
    const bench = new Bench();
    await bench.send([requestText('INVITE')]);
    const [request] = bench.requests;
    const [flow] = bench.flows;
    assert.ok(request !== undefined && flow !== undefined);
    bench.stack.openInvite(request, flow);
    const other = await bench.network.bindUdp({ address: '198.51.100.9', port: 5060 }, (octets) =>
      assert.match(octets.toString('latin1'), /^SIP\/2\.0 482 /),
    );
    other.send(Buffer.from(requestText('INVITE', { branch: 'z9hG4bKcopy' })), server);
    bench.clock.advance(10);
    assert.equal(bench.requests.length, 1);
  });

  it('is answered 503 with Retry-After when no more transactions may be remembered', async () => {
    const answer = await new Bench(0).answerTo('INVITE', {});
    assert.deepEqual([answer?.status, answer?.headers.get('retry-after')], [503, '5']);
  });
});

describe('where answers go', () => {
  const viaPort: Endpoint = { address: peer.address, port: 5099 };
  const elsewhere: Endpoint = { address: '203.0.113.99', port: 5060 };
  const table = [
    { what: 'with rport', via: '198.51.100.1:5099;rport;branch=z9hG4bK1', force: false, to: peer },
    { what: 'without rport', via: '198.51.100.1:5099;branch=z9hG4bK1', force: false, to: viaPort },
    { what: 'without rport, where that is forced', via: '198.51.100.1:5099;branch=z9hG4bK1', force: true, to: peer },
    { what: 'that claims another host', via: '203.0.113.99:5060;rport;branch=z9hG4bK1', force: false, to: peer },
    { what: 'that claims another host and port', via: '203.0.113.99:5099;branch=z9hG4bK1', force: false, to: viaPort },
    {
      what: 'that wrote received itself',
      via: 'x;received=203.0.113.99;rport;branch=z9hG4bK1',
      force: false,
      to: peer,
    },
    { what: 'with maddr', via: 'x;maddr=203.0.113.99;rport;branch=z9hG4bK1', force: false, to: peer },
  ] as const;
  for (const { what, via, force, to } of table) {
    it(`a request ${what}: to ${to.address}:${to.port}, and never to a third party`, async () => {
      const bench = new Bench();
      bench.forceRport = force;
      const received = await bench.send([requestText('BYE', { via, toTag: 'gone' })], peer, [peer, viaPort, elsewhere]);
      for (const [at, responses] of received) assert.equal(responses.length, at === to ? 1 : 0, at.address);
      const [response] = received.get(to) ?? [];
      if (via.includes('rport')) assert.equal(response?.topVia.rport, peer.port);
      if (!via.startsWith(peer.address)) assert.equal(response?.topVia.received, peer.address);
    });
  }
});

describe('CANCEL', () => {
  async function invited(via: string, force: boolean): Promise<{ bench: Bench; cancelled: () => number }> {
    const bench = new Bench();
    bench.forceRport = force;
    await bench.send([requestText('INVITE', { via })]);
    const [request] = bench.requests;
    const [flow] = bench.flows;
    assert.ok(request !== undefined && flow !== undefined);
    let count = 0;
    bench.stack.openInvite(request, flow).attach({
      onCancel: () => {
        count++;
      },
      onAckTimeout: () => {},
    });
    return { bench, cancelled: () => count };
  }

  const table = [
    { what: 'its caller', from: peer, via: '198.51.100.1:5062;rport;branch=z9hG4bK1', force: false, acts: true },
    {
      what: 'its caller behind a port that Via does not name',
      from: peer,
      via: '198.51.100.1:5099;branch=z9hG4bK1',
      force: false,
      acts: true,
    },
    {
      what: 'the same, where rport is forced',
      from: peer,
      via: '198.51.100.1:5099;branch=z9hG4bK1',
      force: true,
      acts: true,
    },
    {
      what: 'another port',
      from: { ...peer, port: 4444 },
      via: '198.51.100.1:5062;rport;branch=z9hG4bK1',
      force: false,
      acts: false,
    },
    {
      what: 'another address',
      from: { address: '203.0.113.66', port: 5062 },
      via: '198.51.100.1:5062;rport;branch=z9hG4bK1',
      force: false,
      acts: false,
    },
    {
      what: 'another address without rport',
      from: { address: '203.0.113.66', port: 5062 },
      via: '198.51.100.1:5062;branch=z9hG4bK1',
      force: false,
      acts: false,
    },
  ] as const;
  for (const { what, from, via, force, acts } of table) {
    it(`with the branch of an INVITE from ${what} ${acts ? 'ends it' : 'does nothing'}`, async () => {
      const { bench, cancelled } = await invited(via, force);
      const other = from === peer ? undefined : await bench.network.bindUdp(from, () => {});
      const text = Buffer.from(requestText('CANCEL', { via }));
      if (other === undefined) bench.caller?.send(text, server);
      else other.send(text, server);
      bench.clock.advance(10);
      assert.equal(cancelled(), acts ? 1 : 0);
    });
  }
});

describe('requests in a dialog', () => {
  const table = [
    { what: 'both tags', remoteTag: 'theirs', fields: { toTag: 'ours', fromTag: 'theirs' }, found: true },
    { what: 'another From tag', remoteTag: 'theirs', fields: { toTag: 'ours', fromTag: 'guess' }, found: false },
    { what: 'another To tag', remoteTag: 'theirs', fields: { toTag: 'guess', fromTag: 'theirs' }, found: false },
    {
      what: 'another Call-ID',
      remoteTag: 'theirs',
      fields: { toTag: 'ours', fromTag: 'theirs', callId: 'x' },
      found: false,
    },
    {
      what: 'no From tag, of a peer that never had one',
      remoteTag: '',
      fields: { toTag: 'ours', fromTag: '' },
      found: true,
    },
    {
      what: 'any From tag before the peer is known',
      remoteTag: undefined,
      fields: { toTag: 'ours', fromTag: 'x' },
      found: true,
    },
  ] as const;
  for (const { what, remoteTag, fields, found } of table) {
    it(`with ${what} ${found ? 'go to its owner' : 'are answered 481'}`, async () => {
      const bench = new Bench();
      const got: string[] = [];
      const owner: DialogOwner = {
        callId: 'call-1',
        remoteTag,
        onRequest: (request, flow) => {
          got.push(request.method);
          bench.stack.reply(request, flow, 200, new HeaderList());
        },
        onAck: () => got.push('ACK'),
      };
      bench.stack.dialogs.add('ours', owner);
      const received = await bench.send([
        requestText('BYE', fields),
        requestText('ACK', { ...fields, branch: 'z9hG4bK2' }),
      ]);
      assert.deepEqual(got, found ? ['BYE', 'ACK'] : []);
      assert.deepEqual(
        received.get(peer)?.map(({ status }) => status),
        [found ? 200 : 481],
      );
    });
  }
});
