import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parsePrefix } from '../base/net/prefix.ts';
import { profileValues, type Settings } from '../settings/index.ts';
import type { Flow } from '../sip/transport/index.ts';
import { advertisedEndpoint, type OwnAddress, relayAddress } from './addresses.ts';

function own(cidr: string, internal = false): OwnAddress {
  const network = parsePrefix(cidr);
  assert.ok(network.ok);
  return { address: cidr.split('/')[0] ?? '', network: network.value, internal };
}

const machine = [own('127.0.0.1/8', true), own('10.0.0.5/24'), own('192.0.2.9/24'), own('2001:db8::9/64')];

function flow(local: string, remote: string, fields: Partial<Flow> = {}): Flow {
  const endpoints = { local: { address: local, port: 5060 }, remote: { address: remote, port: 40_000 } };
  return { transport: 'udp', reliable: false, connectionId: 0, send: () => {}, ...endpoints, ...fields };
}

const rows: readonly { what: string; flow: Flow; settings?: Partial<Settings>; expect: string }[] = [
  { what: 'the bound address', flow: flow('192.0.2.9', '198.51.100.1'), expect: '192.0.2.9:5060' },
  { what: 'the address in the network of the peer', flow: flow('0.0.0.0', '10.0.0.77'), expect: '10.0.0.5:5060' },
  { what: 'the first outward address', flow: flow('0.0.0.0', '198.51.100.1'), expect: '10.0.0.5:5060' },
  { what: 'loopback for loopback', flow: flow('0.0.0.0', '127.0.3.1'), expect: '127.0.0.1:5060' },
  { what: 'IPv6 for IPv6', flow: flow('::', '2001:db8:1::1'), expect: '2001:db8::9:5060' },
  {
    what: 'the public address for a peer outside',
    flow: flow('0.0.0.0', '198.51.100.1'),
    settings: { public_address: ['203.0.113.9', '2001:db8:9::1'] },
    expect: '203.0.113.9:5060',
  },
  {
    what: 'the public address of its family for a peer outside on IPv6',
    flow: flow('::', '2001:db8:1::1'),
    settings: { public_address: ['203.0.113.9', '2001:db8:9::1'] },
    expect: '2001:db8:9::1:5060',
  },
  {
    what: 'the local address in a family that has no public one',
    flow: flow('::', '2001:db8:1::1'),
    settings: { public_address: ['203.0.113.9'] },
    expect: '2001:db8::9:5060',
  },
  {
    what: 'the inner address for a peer inside, behind a public one',
    flow: flow('0.0.0.0', '10.0.0.77'),
    settings: { public_address: ['203.0.113.9', '2001:db8:9::1'] },
    expect: '10.0.0.5:5060',
  },
  {
    what: 'the listening port and an address of ours on a connection that is still being opened',
    flow: flow('', '10.0.0.77', { transport: 'tcp', reliable: true, local: { address: '', port: 0 } }),
    settings: { tcp_port: 5070 },
    expect: '10.0.0.5:5070',
  },
];

describe('what a peer is told to send to', () => {
  for (const { what, flow: given, settings, expect } of rows) {
    test(`is ${what}`, () => {
      const told = advertisedEndpoint(given, { ...profileValues('default'), ...settings }, machine);
      assert.equal(`${told.address}:${told.port}`, expect);
    });
  }
});

const relayRows: readonly (readonly [
  media: readonly string[],
  listen: readonly string[],
  shown: string,
  bound: string,
])[] = [
  [[], ['0.0.0.0', '::'], '192.0.2.9', '0.0.0.0'],
  [[], ['0.0.0.0', '::'], '2001:db8::9', '::'],
  [[], ['192.0.2.9'], '192.0.2.9', '192.0.2.9'],
  [[], ['192.0.2.9', '2001:db8::9'], '203.0.113.9', '192.0.2.9'],
  [['10.0.0.5', '2001:db8::5'], ['0.0.0.0', '::'], '203.0.113.9', '10.0.0.5'],
  [['10.0.0.5', '2001:db8::5'], ['0.0.0.0', '::'], '2001:db8:9::1', '2001:db8::5'],
  [['10.0.0.5'], ['0.0.0.0', '::'], '2001:db8:9::1', '::'],
];

describe('media ports', () => {
  for (const [media, listen, shown, bound] of relayRows) {
    test(`with media_address [${media.join(' ')}] and listen [${listen.join(' ')}] for ${shown} are bound on ${bound}`, () => {
      assert.equal(relayAddress({ ...profileValues('default'), media_address: media, listen }, shown), bound);
    });
  }
});
