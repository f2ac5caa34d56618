import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from './seeded-random.ts';
import { SimulatedClock } from './simulated-clock.ts';
import { type NetworkFaults, noFaults, SimulatedNetwork } from './simulated-network.ts';

const one = { address: '192.0.2.1', port: 5060 };
const two = { address: '192.0.2.2', port: 5060 };
const octetsOf = (text: string): Buffer => Buffer.from(text, 'latin1');

async function datagrams(seed: number, faults: NetworkFaults): Promise<string[]> {
  const clock = new SimulatedClock();
  const network = new SimulatedNetwork(clock, seededRandom(seed), faults);
  const received: string[] = [];
  await network.bindUdp(two, (octets) => received.push(octets.toString()));
  const socket = await network.bindUdp(one, () => {});
  for (let index = 0; index < 1000; index += 1) socket.send(octetsOf(`${index}`), two);
  clock.advance(1000);
  return received;
}

describe('the simulated network', () => {
  it('without faults, every datagram arrives once and in order', async () => {
    const received = await datagrams(1, noFaults);
    assert.deepEqual(
      received,
      Array.from({ length: 1000 }, (_, index) => `${index}`),
    );
  });

  it('loses, doubles and reorders about as often as asked, the same way for the same seed', async () => {
    const faults = { lossPerMille: 100, duplicatePerMille: 50, minDelayMs: 1, maxDelayMs: 200 };
    const received = await datagrams(1, faults);
    const distinct = new Set(received).size;
    assert.ok(distinct > 850 && distinct < 950, `${distinct} arrived`);
    assert.ok(
      received.length > distinct + 20 && received.length < distinct + 80,
      `${received.length - distinct} twice`,
    );
    assert.notDeepEqual(
      received,
      received.toSorted((first, second) => Number(first) - Number(second)),
    );
    assert.deepEqual(await datagrams(1, faults), received);
    assert.notDeepEqual(await datagrams(2, faults), received);
  });

  it('streams arrive whole and in order, whatever the delays and cuts, and then close', async () => {
    const clock = new SimulatedClock();
    const faults = { lossPerMille: 500, duplicatePerMille: 500, minDelayMs: 0, maxDelayMs: 50, maxSegmentOctets: 7 };
    const network = new SimulatedNetwork(clock, seededRandom(3), faults);
    let text = '';
    let farClosed = false;
    await network.listenTcp(two, (stream) => {
      stream.onData = (octets) => {
        text += octets.toString('latin1');
      };
      stream.onClose = () => {
        farClosed = true;
      };
    });
    const near = network.connectTcp(two, one.address);
    let nearClosed = false;
    near.onClose = () => {
      nearClosed = true;
    };
    for (let index = 0; index < 100; index += 1) near.write(octetsOf(`${index} `));
    assert.ok(near.pendingOctets() > 0);
    near.end();
    clock.advance(10_000);
    assert.equal(text, Array.from({ length: 100 }, (_, index) => `${index} `).join(''));
    assert.deepEqual([nearClosed, farClosed, near.pendingOctets()], [true, true, 0]);
  });

  it('an address that is taken or not of the host cannot be bound, and a closed one can be had again', async () => {
    const network = new SimulatedNetwork(new SimulatedClock(), seededRandom(1));
    const host = network.host('192.0.2.1', '2001:db8::1');
    const socket = await host.bindUdp({ address: '0.0.0.0', port: 5060 }, () => {});
    await host.bindUdp({ address: '::', port: 5060 }, () => {});
    await assert.rejects(
      host.bindUdp(one, () => {}),
      { code: 'EADDRINUSE' },
    );
    await assert.rejects(
      host.listenTcp(two, () => {}),
      { code: 'EADDRNOTAVAIL' },
    );
    socket.close();
    await host.bindUdp(one, () => {});
    const some = await network.bindUdp({ address: '192.0.2.2', port: 0 }, () => {});
    const other = await network.bindUdp({ address: '192.0.2.2', port: 0 }, () => {});
    assert.notEqual(some.local.port, other.local.port);
  });

  it('a connection to nobody closes', () => {
    const clock = new SimulatedClock();
    const network = new SimulatedNetwork(clock, seededRandom(1));
    let closed = 0;
    network.connectTcp(two, one.address).onClose = () => {
      closed += 1;
    };
    clock.advance(10);
    assert.equal(closed, 1);
  });
});
