import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Settings } from '../../src/settings/index.ts';
import { sdp } from './scripted-peer.ts';
import { Stage, trunkAt } from './stage.ts';

interface Row {
  readonly title: string;
  readonly settings: Partial<Settings>;
  readonly from: 'user' | 'trunk';
  /** Whether packets of caller and callee pass before the answer, and what the caller sees. */
  readonly expect: {
    readonly caller: boolean;
    readonly callee: boolean;
    readonly status: number;
    readonly sdp: boolean;
  };
}

const rows: readonly Row[] = [
  {
    title: 'at 0 both sides are heard before the answer [media.blockearlymedia]',
    settings: { blockearlymedia: 0 },
    from: 'user',
    expect: { caller: true, callee: true, status: 183, sdp: true },
  },
  {
    title: 'at 1 the caller is muted before the answer and the callee heard [media.blockearlymedia]',
    settings: { blockearlymedia: 1 },
    from: 'user',
    expect: { caller: false, callee: true, status: 183, sdp: true },
  },
  {
    title: 'at 2 nobody is heard before the answer [media.blockearlymedia]',
    settings: { blockearlymedia: 2 },
    from: 'user',
    expect: { caller: false, callee: false, status: 183, sdp: true },
  },
  {
    title: 'at 3 the caller sees 180 without SDP [media.blockearlymedia]',
    settings: { blockearlymedia: 3 },
    from: 'user',
    expect: { caller: false, callee: false, status: 180, sdp: false },
  },
  {
    title: 'a call from a SIP server at 1 passes nothing before the answer [media.blockearlymedia-in]',
    settings: { blockearlymedia_in: 1 },
    from: 'trunk',
    expect: { caller: false, callee: false, status: 183, sdp: true },
  },
  {
    title: 'a call from a SIP server at 2 sees no SDP before the answer [media.blockearlymedia-in]',
    settings: { blockearlymedia_in: 2 },
    from: 'trunk',
    expect: { caller: false, callee: false, status: 180, sdp: false },
  },
  {
    title: 'at 0 no media path is opened before the answer [media.earlystart]',
    settings: { earlystart: 0, blockearlymedia: 0 },
    from: 'user',
    expect: { caller: false, callee: false, status: 180, sdp: false },
  },
];

describe('early media', () => {
  for (const { title, settings, from, expect } of rows) {
    test(title, async () => {
      const stage = await Stage.open({
        settings,
        accounts: [{ name: 'carrier', kind: 'sipserver', trunk: trunkAt('192.0.2.50') }],
      });
      const bob = await stage.phone('bob', '192.0.2.22');
      const caller = from === 'user' ? await stage.phone('alice', '192.0.2.21') : await stage.peer('192.0.2.50');
      if (from === 'user') await stage.invite(caller, 'alice', 'sip:bob@server.example');
      else caller.send(caller.build('INVITE', 'sip:bob@server.example', '+4312', { body: sdp('192.0.2.50') }));
      await stage.run(20);
      bob.respond(bob.request('INVITE'), 183, { body: sdp('192.0.2.22') });
      await stage.run(20);
      const progress = caller.response('INVITE', expect.status);
      assert.equal(progress.body !== '', expect.sdp);
      const [session] = stage.plane.sessions;
      const relayed = (side: 'a' | 'b'): boolean => session?.configOf(0, side)?.relay ?? false;
      assert.deepEqual([relayed('a'), relayed('b')], [expect.caller, expect.callee]);
      bob.respond(bob.request('INVITE'), 200, { body: sdp('192.0.2.22') });
      await stage.run(20);
      assert.deepEqual([relayed('a'), relayed('b')], [true, true]);
    });
  }
});
