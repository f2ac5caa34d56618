import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Secret } from '../../src/base/log/secret.ts';
import { HeaderList, type SipRequest } from '../../src/sip/message/index.ts';
import { ScriptedPeer, sdp } from './scripted-peer.ts';
import { serverEndpoint, Stage, trunkAt } from './stage.ts';

const carrierAt = '192.0.2.50';
const account = {
  ...trunkAt(carrierAt),
  ...{ registerS: 600, realm: 'carrier.test', authUser: '4312345', authPassword: new Secret('a shared secret') },
};

async function open(trunk = account, zone: Parameters<typeof Stage.open>[2] = () => {}): Promise<Stage> {
  const stage = await Stage.open({ accounts: [{ name: 'carrier', kind: 'sipserver', trunk }] }, [], zone);
  stage.onLog(() => {});
  return stage;
}

function challenge(peer: ScriptedPeer, realm = 'carrier.test', more = ''): void {
  const headers = new HeaderList().append(
    'www-authenticate',
    `Digest realm="${realm}", nonce="abc", qop="auth"${more}`,
  );
  peer.respond(peer.request('REGISTER'), 401, { headers });
}

function grant(peer: ScriptedPeer, seconds: number): void {
  const request = peer.request('REGISTER');
  const contact = `${request.headers.get('contact') ?? ''};expires=${seconds}`;
  // What others have registered for the same address says nothing of ours.
  const headers = new HeaderList()
    .append('contact', '<sip:other@192.0.2.77:5080>;expires=30')
    .append('contact', contact);
  peer.respond(request, 200, { headers });
}

/** The next REGISTER that comes within so many seconds. */
async function next(stage: Stage, peer: ScriptedPeer, withinS: number): Promise<SipRequest | undefined> {
  const before = peer.requests('REGISTER').map(({ topVia }) => topVia.branch);
  for (let second = 0; second < withinS; second++) {
    await stage.run(1000);
    const fresh = peer.requests('REGISTER').find(({ topVia }) => !before.includes(topVia.branch));
    if (fresh !== undefined) return fresh;
  }
  return undefined;
}

function status(stage: Stage): string {
  const [first] = stage.server.sipServers.registrations.status();
  return first === undefined
    ? 'none'
    : `${first.state} ${first.lastStatus} ${first.expiresAtMs === undefined ? '' : 'granted'}`;
}

/** A stage whose carrier has let it register for 600 s. */
async function registered(trunk = account): Promise<{ readonly stage: Stage; readonly carrier: ScriptedPeer }> {
  const stage = await open(trunk);
  const carrier = await stage.peer(carrierAt);
  await stage.run(20);
  challenge(carrier);
  await stage.run(20);
  grant(carrier, 600);
  await stage.run(20);
  return { stage, carrier };
}

describe('a registration with a SIP server [tls.sip-trunk-over-tls]', () => {
  test('answers its challenge, and says who and where we are', async () => {
    const { stage, carrier } = await registered();
    const { uri, headers, maxForwards } = carrier.request('REGISTER');
    const from = (headers.get('from') ?? '').replace(/tag=\w+/, 'tag');
    assert.deepEqual(
      [uri, from, headers.get('to'), headers.get('expires'), maxForwards],
      ['sip:192.0.2.50:5060', '<sip:4312345@192.0.2.50>;tag', '<sip:4312345@192.0.2.50>', '600', 70],
    );
    assert.equal(headers.get('contact'), '<sip:4312345@192.0.2.9:5060>');
    assert.match(headers.get('authorization') ?? '', /username="4312345", realm="carrier.test"/);
    assert.equal(status(stage), 'registered 200 granted');
  });

  test('is refreshed at half of what was granted, in the same series of numbers', async () => {
    const { stage, carrier } = await registered();
    const [first] = carrier.requests('REGISTER');
    assert.equal(await next(stage, carrier, 265), undefined);
    const refresh = await next(stage, carrier, 70);
    assert.deepEqual([refresh?.callId, refresh?.cseq.seq], [first?.callId, 3]);
    grant(carrier, 600);
    await stage.run(20);
    assert.equal(status(stage), 'registered 200 granted');
  });

  test('that is refused for its password is told, and asked for again after minutes, not seconds', async () => {
    const stage = await open();
    const carrier = await stage.peer(carrierAt);
    await stage.run(20);
    challenge(carrier);
    await stage.run(20);
    challenge(carrier);
    await stage.run(20);
    assert.equal(status(stage), 'refused 401 ');
    assert.equal(carrier.requests('REGISTER').length, 2);
    assert.equal(await next(stage, carrier, 149), undefined);
    assert.ok((await next(stage, carrier, 160)) !== undefined);
  });

  test('tries a nonce that was too old once more', async () => {
    const stage = await open();
    const carrier = await stage.peer(carrierAt);
    await stage.run(20);
    challenge(carrier);
    await stage.run(20);
    challenge(carrier, 'carrier.test', ', stale=true');
    await stage.run(20);
    grant(carrier, 600);
    await stage.run(20);
    assert.equal(status(stage), 'registered 200 granted');
  });

  test('answers no challenge of another realm than the one that is pinned', async () => {
    const stage = await open();
    const carrier = await stage.peer(carrierAt);
    await stage.run(20);
    challenge(carrier, 'evil.test');
    await stage.run(20);
    assert.equal(carrier.requests('REGISTER').length, 1);
    assert.equal(status(stage), 'refused 401 ');
  });

  test('asks for as long as a 423 wants, and is challenged anew', async () => {
    const stage = await open();
    const carrier = await stage.peer(carrierAt);
    await stage.run(20);
    challenge(carrier);
    await stage.run(20);
    carrier.respond(carrier.request('REGISTER'), 423, { headers: new HeaderList().append('min-expires', '1800') });
    await stage.run(20);
    assert.equal(carrier.request('REGISTER').headers.get('expires'), '1800');
    challenge(carrier);
    await stage.run(20);
    grant(carrier, 1800);
    await stage.run(20);
    assert.equal(status(stage), 'registered 200 granted');
  });

  test('that gets a 503 waits as long as it asks', async () => {
    const stage = await open();
    const carrier = await stage.peer(carrierAt);
    await stage.run(20);
    carrier.respond(carrier.request('REGISTER'), 503, { headers: new HeaderList().append('retry-after', '120') });
    assert.equal(await next(stage, carrier, 119), undefined);
    assert.ok((await next(stage, carrier, 3)) !== undefined);
  });

  test('that nobody answers is tried at its other place, and then less and less often', async () => {
    const trunk = { ...account, host: 'carrier.test', port: 0, transport: 'auto' as const };
    const stage = await open(trunk, (dns) => {
      dns
        .srv('_sip._udp.carrier.test', '1 1 5060 one.carrier.test', '2 1 5060 two.carrier.test')
        .a('one.carrier.test', '192.0.2.61')
        .a('two.carrier.test', '192.0.2.62');
    });
    const [one, two] = [await stage.peer('192.0.2.61'), await stage.peer('192.0.2.62')];
    await stage.run(31_000);
    assert.deepEqual([one.requests('REGISTER').length > 1, two.requests('REGISTER').length], [true, 0]);
    await stage.run(34_000);
    assert.ok(two.requests('REGISTER').length > 0);
    await stage.run(32_000);
    assert.equal(status(stage), 'failed 0 ');
    const pauses: number[] = [];
    for (let tries = 0; tries < 4; tries++) {
      await stage.run(65_000);
      const beganMs = stage.clock.monotonicMs();
      assert.ok((await next(stage, one, 400)) !== undefined);
      pauses.push(Math.round((stage.clock.monotonicMs() - beganMs) / 1000));
    }
    assert.ok((pauses.at(-1) ?? 0) > 120, `pauses of ${pauses.join(', ')} s`);
    await stage.run(33_000);
    two.respond(two.request('REGISTER'), 200);
    await stage.run(20);
    assert.equal(status(stage), 'registered 200 granted');
  });

  test('over a connection that is lost is made again over a new one within seconds', async () => {
    const stage = await open({ ...account, transport: 'tcp' });
    const connections = await ScriptedPeer.listenTcp(
      stage.network.host(carrierAt),
      { address: carrierAt, port: 5060 },
      serverEndpoint,
    );
    await stage.run(20);
    const [carrier] = connections;
    assert.ok(carrier !== undefined);
    challenge(carrier);
    await stage.run(20);
    grant(carrier, 600);
    await stage.run(20);
    assert.equal(status(stage), 'registered 200 granted');
    carrier.close();
    await stage.run(5_100);
    assert.equal(connections.length, 2);
    assert.match(connections[1]?.request('REGISTER').headers.get('contact') ?? '', /transport=tcp/);
  });

  test('follows a change of the account at once, and a stopped server leaves no timer', async () => {
    const { stage, carrier } = await registered();
    stage.change('carrier', { trunk: { ...account, authUser: '4399999' } });
    const changed = await next(stage, carrier, 3);
    assert.match(changed?.headers.get('to') ?? '', /4399999/);
    stage.change('carrier', { trunk: { ...account, registerS: 0 } });
    assert.equal(status(stage), 'none');
    assert.equal(await next(stage, carrier, 700), undefined);
    stage.server.close();
    assert.equal(stage.clock.pendingCount, 0);
  });

  test('is held open by a few octets', async () => {
    const { stage, carrier } = await registered();
    carrier.datagrams.length = 0;
    await stage.run(51_000);
    assert.deepEqual(carrier.datagrams, ['\r\n\r\n', '\r\n\r\n']);
  });

  test('lets calls from there reach the user whose number it is', async () => {
    const stage = await Stage.open({
      accounts: [{ name: 'carrier', kind: 'sipserver', trunk: account }],
      numbers: [{ number: '4312345', accountId: 2 }],
    });
    const carrier = await stage.peer(carrierAt);
    const bob = await stage.phone('bob', '192.0.2.22');
    const contact = /<(sip:[^>]+)>/.exec(carrier.request('REGISTER').headers.get('contact') ?? '')?.[1] ?? '';
    carrier.send(carrier.build('INVITE', contact, '0049', { body: sdp(carrierAt) }));
    await stage.run(20);
    bob.request('INVITE');
  });
});
