import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { writeRtp } from '../../src/media/index.ts';
import type { Settings } from '../../src/settings/index.ts';
import { CallBench } from './call-bench.ts';
import { serverEndpoint } from './stage.ts';

const stranger = '198.51.100.66';

describe('a stranger that sends RTP into a call', () => {
  /** Alice's call to bob, into which a stranger sends 100 packets a second for so many seconds beside alice's own. */
  async function invaded(seconds: number, settings: Partial<Settings> = {}) {
    const bench = await CallBench.connect({ settings });
    const { stage } = bench;
    const [session] = stage.plane.sessions;
    assert.ok(session !== undefined);
    let sequence = 0;
    const send = (from: string, fromPort: number, ssrc: number, side: 'a' | 'b' = 'a'): boolean => {
      const port = { address: serverEndpoint.address, port: session.ports(0, side).rtp };
      const header = { payloadType: 0, marker: false, sequenceNumber: sequence++ & 65_535, timestamp: 0, ssrc };
      const packet = writeRtp(header, new Uint8Array(160));
      return stage.plane.deliver(packet, { address: from, port: fromPort }, port) !== undefined;
    };
    const relayed = { own: 0, foreign: 0 };
    for (let step = 0; step < seconds * 50; step++) {
      send('192.0.2.22', 40_000, 4, 'b');
      relayed.own += Number(send('192.0.2.21', 40_000, 1));
      relayed.foreign += Number(send(stranger, 9000, 2)) + Number(send(stranger, 9002, 3));
      stage.clock.advance(20);
      if (step % 50 === 49) stage.plane.reportRefused();
    }
    return { bench, relayed, stage };
  }

  test('is not relayed, is a finding a second of speech, and is told by name in the log [media.checkrtpaddr]', async () => {
    const { stage, relayed } = await invaded(10);
    assert.deepEqual(relayed, { own: 500, foreign: 0 });
    assert.equal(stage.server.guard.findings.counts['injected media'], 20);
    assert.equal(stage.plane.refused.foreign, 1000);
    const told = stage.infos.filter(({ message }) => message === 'media of a stranger dropped');
    assert.equal(told.length, 5);
    assert.deepEqual(told[0]?.fields, { port: 9002, packets: 100, source: stranger });
  });

  test('is shed when it goes on, for its address may be forged, and the call goes on', async () => {
    const { stage, bench } = await invaded(260);
    const [entry] = [...stage.server.guard.bans.all()];
    assert.deepEqual([entry?.action, entry?.subject, entry?.rule], ['shed', stranger, 'max_abuse']);
    assert.equal(bench.bob.requests('BYE').length, 0);
  });

  test('is let in and never listed where addresses are not checked', async () => {
    const { stage, relayed } = await invaded(10, { checkrtpaddr: 0 });
    assert.ok(relayed.foreign > 0);
    assert.equal(stage.server.guard.findings.counts['injected media'], 0);
  });
});
