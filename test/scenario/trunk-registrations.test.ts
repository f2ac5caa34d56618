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

/** Who, where and for how long the last REGISTER says. */
function said(peer: ScriptedPeer): readonly (string | undefined)[] {
  const { headers } = peer.request('REGISTER');
  return [headers.get('to'), headers.get('contact'), headers.get('expires')];
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

  test('is taken back from where it was when its account changes, and then made anew', async () => {
    const { stage, carrier } = await registered();
    const [first] = carrier.requests('REGISTER');
    stage.change('carrier', { trunk: { ...account, authUser: '4399999' } });
    await stage.run(20);
    assert.deepEqual(said(carrier), ['<sip:4312345@192.0.2.50>', '<sip:4312345@192.0.2.9:5060>', '0']);
    assert.deepEqual([carrier.request('REGISTER').callId, carrier.request('REGISTER').cseq.seq], [first?.callId, 3]);
    challenge(carrier);
    await stage.run(20);
    assert.match(carrier.request('REGISTER').headers.get('authorization') ?? '', /username="4312345"/);
    carrier.respond(carrier.request('REGISTER'), 200);
    await stage.run(20);
    assert.deepEqual(said(carrier), ['<sip:4399999@192.0.2.50>', '<sip:4399999@192.0.2.9:5060>', '600']);
  });

  test('is made anew after seconds where the old one is not answered', async () => {
    const { stage, carrier } = await registered();
    stage.change('carrier', { trunk: { ...account, authPassword: new Secret('another secret') } });
    await stage.run(2900);
    assert.equal(said(carrier)[2], '0');
    await stage.run(200);
    assert.equal(said(carrier)[2], '600');
  });

  test('goes on where a change of its account does not concern it', async () => {
    const { stage, carrier } = await registered();
    stage.change('carrier', { trunk: { ...account, maxCalls: 5, authPassword: new Secret('a shared secret') } });
    assert.equal(status(stage), 'registered 200 granted');
    assert.equal(await next(stage, carrier, 265), undefined);
  });

  test('is taken back when it is switched off, and a stopped server leaves no timer', async () => {
    const { stage, carrier } = await registered();
    stage.change('carrier', { trunk: { ...account, registerS: 0 } });
    await stage.run(20);
    assert.equal(said(carrier)[2], '0');
    carrier.respond(carrier.request('REGISTER'), 200);
    assert.equal(status(stage), 'none');
    assert.equal(await next(stage, carrier, 700), undefined);
    stage.server.close();
    assert.equal(stage.clock.pendingCount, 0);
  });

  test('takes the former contact back where our address has changed', async () => {
    const { stage, carrier } = await registered();
    stage.settings = { ...stage.settings, public_address: ['203.0.113.9'] };
    assert.ok((await next(stage, carrier, 335)) !== undefined);
    assert.deepEqual(said(carrier).slice(1), ['<sip:4312345@203.0.113.9:5060>', '600']);
    grant(carrier, 600);
    await stage.run(20);
    assert.deepEqual(said(carrier).slice(1), ['<sip:4312345@192.0.2.9:5060>', '0']);
    carrier.respond(carrier.request('REGISTER'), 200);
    assert.equal(await next(stage, carrier, 265), undefined);
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

describe('a server that stops', () => {
  /** Tells it to leave its SIP servers. @returns whether it has, so far. */
  function leave(stage: Stage): { hasLeft: boolean } {
    const told = { hasLeft: false };
    void stage.server.sipServers.registrations.leaveAll().then(() => {
      told.hasLeft = true;
    });
    return told;
  }

  test('takes its registration back, and waits until that is answered', async () => {
    const { stage, carrier } = await registered();
    const told = leave(stage);
    await stage.run(20);
    assert.deepEqual(said(carrier), ['<sip:4312345@192.0.2.50>', '<sip:4312345@192.0.2.9:5060>', '0']);
    challenge(carrier);
    await stage.run(20);
    assert.equal(told.hasLeft, false);
    assert.equal(said(carrier)[2], '0');
    carrier.respond(carrier.request('REGISTER'), 200);
    await stage.run(20);
    assert.equal(told.hasLeft, true);
  });

  test('waits three seconds at most for a SIP server that is silent', async () => {
    const { stage } = await registered();
    const told = leave(stage);
    await stage.run(2900);
    assert.equal(told.hasLeft, false);
    await stage.run(200);
    assert.equal(told.hasLeft, true);
    stage.server.close();
    assert.equal(stage.clock.pendingCount, 0);
  });

  test('takes back over a new connection what was registered over one that is gone', async () => {
    const stage = await open({ ...account, transport: 'tcp' });
    const at = { address: carrierAt, port: 5060 };
    const connections = await ScriptedPeer.listenTcp(stage.network.host(carrierAt), at, serverEndpoint);
    await stage.run(20);
    const [first] = connections;
    assert.ok(first !== undefined);
    challenge(first);
    await stage.run(20);
    grant(first, 600);
    await stage.run(20);
    first.close();
    await stage.run(1);
    leave(stage);
    await stage.run(20);
    const [, second] = connections;
    assert.ok(second !== undefined);
    assert.equal(said(second)[2], '0');
  });

  test('takes back also what is granted only after it was told to stop', async () => {
    const stage = await open();
    const carrier = await stage.peer(carrierAt);
    await stage.run(20);
    const told = leave(stage);
    await stage.run(20);
    assert.deepEqual([carrier.requests('REGISTER').length, told.hasLeft], [1, false]);
    grant(carrier, 600);
    await stage.run(20);
    assert.equal(said(carrier)[2], '0');
  });

  test('registers nowhere any more, and holds the way of its last calls open', async () => {
    const { stage, carrier } = await registered();
    leave(stage);
    await stage.run(20);
    carrier.respond(carrier.request('REGISTER'), 200);
    stage.change('carrier', { trunk: { ...account, authUser: '4399999' } });
    carrier.datagrams.length = 0;
    await stage.run(26_000);
    assert.deepEqual(carrier.datagrams, ['\r\n\r\n']);
  });

  test('that had no registration stops at once', async () => {
    const stage = await open({ ...account, registerS: 0 });
    const told = leave(stage);
    await stage.run(1);
    assert.equal(told.hasLeft, true);
  });

  test('that crashes leaves its registrations to themselves', async () => {
    const { stage, carrier } = await registered();
    stage.server.close();
    assert.equal(await next(stage, carrier, 5), undefined);
  });
});
