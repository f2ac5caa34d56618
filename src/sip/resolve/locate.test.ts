import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ScriptedDns } from '../../../test/kit/scripted-dns.ts';
import { seededRandom } from '../../../test/kit/seeded-random.ts';
import { type Family, type HopTarget, hopKey, Locator } from './locate.ts';

type Transport = 'udp' | 'tcp' | 'tls';

function locatorOf(
  dns: ScriptedDns,
  transports: readonly Transport[] = ['udp', 'tcp'],
  families: readonly Family[] = [4, 6],
): Locator<Transport> {
  return new Locator({ dns, random: seededRandom(3), transports: () => transports, families: () => families });
}

function target(text: string): HopTarget<Transport> {
  const [address = '', over] = text.split(' ');
  const [, host = '', port] = /^(.*?)(?::(\d+))?$/.exec(address) ?? [];
  const transport = over === 'udp' || over === 'tcp' || over === 'tls' ? over : undefined;
  return { host, port: port === undefined ? undefined : Number(port), transport };
}

/** A domain that has everything. */
function fullZone(): ScriptedDns {
  return new ScriptedDns()
    .naptr(
      'carrier.test',
      '50 50 s SIPS+D2T _sips._tcp.carrier.test',
      '90 50 s SIP+D2T _sip._tcp.carrier.test',
      '100 50 s SIP+D2U _sip._udp.carrier.test',
    )
    .srv('_sips._tcp.carrier.test', '0 1 5061 secure.carrier.test')
    .srv('_sip._tcp.carrier.test', '0 1 5070 one.carrier.test', '1 1 5071 two.carrier.test')
    .srv('_sip._udp.carrier.test', '0 1 5080 one.carrier.test', '1 1 5081 two.carrier.test')
    .a('secure.carrier.test', '192.0.2.9')
    .a('one.carrier.test', '192.0.2.1')
    .aaaa('one.carrier.test', '2001:db8::1')
    .a('two.carrier.test', '192.0.2.2')
    .a('carrier.test', '192.0.2.99');
}

interface Row {
  readonly what: string;
  readonly uri: string;
  readonly transports?: readonly Transport[];
  readonly zone?: ScriptedDns;
  readonly hops: readonly string[];
}

const srvOnly = (): ScriptedDns =>
  new ScriptedDns().srv('_sip._tcp.carrier.test', '0 1 5070 one.carrier.test').a('one.carrier.test', '192.0.2.1');

const rows: readonly Row[] = [
  { what: 'a numeric host is its own hop, over UDP', uri: '192.0.2.7', hops: ['udp:192.0.2.7:5060'] },
  { what: 'a numeric host keeps its port and transport', uri: '192.0.2.7:5066 tcp', hops: ['tcp:192.0.2.7:5066'] },
  {
    what: 'the transport that the domain prefers is taken among ours',
    uri: 'carrier.test',
    hops: ['tcp:192.0.2.1:5070', 'tcp:[2001:db8::1]:5070', 'tcp:192.0.2.2:5071'],
  },
  {
    what: 'a domain that prefers TLS gets it from who can',
    uri: 'carrier.test',
    transports: ['udp', 'tls'],
    hops: ['tls:192.0.2.9:5061'],
  },
  {
    what: 'a transport in the URI asks for its SRV records, and for no NAPTR',
    uri: 'carrier.test udp',
    hops: ['udp:192.0.2.1:5080', 'udp:[2001:db8::1]:5080', 'udp:192.0.2.2:5081'],
  },
  { what: 'a port in the URI asks for addresses only', uri: 'carrier.test:5099', hops: ['udp:192.0.2.99:5099'] },
  {
    what: 'without NAPTR the first transport with SRV records is taken',
    uri: 'carrier.test',
    zone: srvOnly(),
    hops: ['tcp:192.0.2.1:5070'],
  },
  {
    what: 'without NAPTR and SRV it is UDP at the usual port',
    uri: 'carrier.test',
    zone: new ScriptedDns().a('carrier.test', '192.0.2.99'),
    hops: ['udp:192.0.2.99:5060'],
  },
  {
    what: 'TLS without SRV records has a port of its own',
    uri: 'carrier.test tls',
    zone: new ScriptedDns().a('carrier.test', '192.0.2.99'),
    hops: ['tls:192.0.2.99:5061'],
  },
  {
    what: 'NAPTR records of other services and flags are left out',
    uri: 'carrier.test',
    zone: srvOnly().naptr('carrier.test', '1 1 u E2U+SIP x.test', '1 1 a SIP+D2U y.test', '2 1 s SIP+D2S z.test'),
    hops: ['tcp:192.0.2.1:5070'],
  },
  {
    what: 'a target of . says that the service is not there, and addresses are not tried',
    uri: 'carrier.test udp',
    zone: new ScriptedDns().srv('_sip._udp.carrier.test', '0 0 0 .').a('carrier.test', '192.0.2.99'),
    hops: [],
  },
  {
    what: 'servers of one order are all tried, by preference',
    uri: 'carrier.test',
    zone: fullZone().naptr(
      'carrier.test',
      '1 20 s SIP+D2T _sip._tcp.carrier.test',
      '1 10 s SIPS+D2T _sips._tcp.carrier.test',
      '1 5 s SIP+D2U _sip._udp.other.test',
    ),
    transports: ['udp', 'tcp', 'tls'],
    hops: ['tls:192.0.2.9:5061', 'tcp:192.0.2.1:5070', 'tcp:[2001:db8::1]:5070', 'tcp:192.0.2.2:5071'],
  },
  { what: 'a name that nobody knows has no hops', uri: 'nobody.test', hops: [] },
];

describe('the next hop by RFC 3263', () => {
  for (const { what, uri, transports, zone = fullZone(), hops } of rows) {
    test(`${what} (${uri})`, async () => {
      const located = await locatorOf(zone, transports).locate(target(uri));
      assert.deepEqual(located.hops.map(hopKey), hops);
    });
  }

  test('the family that is preferred comes first for each server, and one without a socket is not asked for', async () => {
    const dns = fullZone();
    const six = await locatorOf(dns, ['udp'], [6, 4]).locate(target('carrier.test udp'));
    assert.deepEqual(six.hops.map(hopKey), ['udp:[2001:db8::1]:5080', 'udp:192.0.2.1:5080', 'udp:192.0.2.2:5081']);
    dns.asked.length = 0;
    const four = await locatorOf(dns, ['udp'], [4]).locate(target('carrier.test udp'));
    assert.deepEqual(four.hops.map(hopKey), ['udp:192.0.2.1:5080', 'udp:192.0.2.2:5081']);
    assert.ok(!dns.asked.some((question) => question.startsWith('AAAA')));
  });

  test('a server whose address is not to be had leaves the others, and the answer is not kept for long', async () => {
    const dns = fullZone().fail('A', 'one.carrier.test');
    const located = await locatorOf(dns).locate(target('carrier.test udp'));
    assert.deepEqual(located.hops.map(hopKey), ['udp:[2001:db8::1]:5080', 'udp:192.0.2.2:5081']);
    assert.equal(located.failed, true);
    assert.ok(located.ttlS <= 5);
  });

  test('when SRV records cannot be asked for, the addresses of the name itself are tried', async () => {
    const dns = fullZone()
      .fail('NAPTR', 'carrier.test')
      .fail('SRV', '_sip._udp.carrier.test')
      .fail('SRV', '_sip._tcp.carrier.test');
    const located = await locatorOf(dns).locate(target('carrier.test'));
    assert.deepEqual(located.hops.map(hopKey), ['udp:192.0.2.99:5060']);
    assert.equal(located.failed, true);
  });

  test('a zone of thousands of servers costs no more than 16 look-ups and gives no more than 32 hops', async () => {
    const dns = new ScriptedDns().srv(
      '_sip._udp.big.test',
      ...Array.from({ length: 2000 }, (_, at) => `0 1 5060 s${at}.big.test`),
    );
    for (let at = 0; at < 2000; at++) {
      dns.a(`s${at}.big.test`, ...Array.from({ length: 60 }, (_, low) => `10.${at >> 8}.${at & 255}.${low}`));
    }
    const located = await locatorOf(dns, ['udp'], [4]).locate(target('big.test udp'));
    assert.equal(located.hops.length, 32);
    assert.equal(dns.asked.length, 17);
  });
});
