import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SimulatedClock } from '../../../test/kit/simulated-clock.ts';
import type { Endpoint } from '../../base/net/endpoint.ts';
import type { Network } from './ports.ts';
import { ReservedSockets } from './reserved-sockets.ts';
import { systemNetwork } from './system-network.ts';

const local = { address: '192.0.2.1', port: 5060 };
const minuteMs = 60_000;

/** Writes down which sources have a socket, and lets them speak. */
class Rig {
  readonly clock = new SimulatedClock();
  readonly open = new Map<string, (octets: Buffer, remote: Endpoint) => void>();
  readonly sockets: ReservedSockets;

  constructor(most: number) {
    const network: Network = {
      ...systemNetwork,
      connectUdp: (_, { address, port }, onDatagram) => {
        const source = `${address}:${port}`;
        this.open.set(source, onDatagram);
        return { close: () => this.open.delete(source) };
      },
    };
    this.sockets = new ReservedSockets(network, this.clock, most);
  }

  reserve(address: string, port = 5060): void {
    this.sockets.reserve(local, { address, port }, () => {});
  }

  hear(address: string): void {
    this.open.get(`${address}:5060`)?.(Buffer.alloc(0), { address, port: 5060 });
  }

  get sources(): readonly string[] {
    return [...this.open.keys()];
  }
}

describe('sockets for sources that have proven themselves [own.reserved-udp-sockets]', () => {
  test('each source has one, however often it proves itself', () => {
    const rig = new Rig(8);
    for (const address of ['198.51.100.1', '198.51.100.2', '198.51.100.1']) rig.reserve(address);
    assert.deepEqual(rig.sources, ['198.51.100.1:5060', '198.51.100.2:5060']);
    rig.sockets.close();
    assert.deepEqual([rig.sources, rig.sockets.size], [[], 0]);
  });

  test('one address with many ports takes a quarter of them and no more', () => {
    const rig = new Rig(8);
    for (let port = 40_000; port < 40_010; port++) rig.reserve('198.51.100.1', port);
    rig.reserve('198.51.100.2');
    assert.deepEqual(rig.sources, ['198.51.100.1:40000', '198.51.100.1:40001', '198.51.100.2:5060']);
  });

  test('when all are in use nobody loses its own; whoever is silent for ten minutes makes room', () => {
    const rig = new Rig(4);
    for (const host of [1, 2, 3, 4]) rig.reserve(`198.51.100.${host}`);
    rig.reserve('198.51.100.5');
    assert.equal(rig.sources.includes('198.51.100.5:5060'), false);
    rig.clock.advance(9 * minuteMs);
    for (const host of [1, 2, 4]) rig.hear(`198.51.100.${host}`);
    rig.clock.advance(minuteMs);
    rig.reserve('198.51.100.5');
    assert.deepEqual(
      rig.sources.map((source) => source.slice(11)),
      ['1:5060', '2:5060', '4:5060', '5:5060'],
    );
  });

  test('a source that names port 0 gets none', () => {
    const rig = new Rig(8);
    rig.reserve('198.51.100.1', 0);
    assert.equal(rig.sources.length, 0);
  });

  test('0 reserves none', () => {
    const rig = new Rig(0);
    rig.reserve('198.51.100.1');
    assert.equal(rig.sources.length, 0);
  });
});
