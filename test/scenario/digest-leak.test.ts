import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Secret } from '../../src/base/log/secret.ts';
import { HeaderList, serialise, type SipRequest } from '../../src/sip/message/index.ts';
import { type ScriptedPeer, sdp } from './scripted-peer.ts';
import { Stage, trunkAt } from './stage.ts';

/** The nonce of whoever wants an answer that it can guess a password from at leisure. */
const bait = 'bait-nonce';
const realms = {
  'our realm': 'server.example',
  'the realm of the carrier': 'carrier.example',
  'another realm': 'evil.example',
} as const;
type RealmName = keyof typeof realms;

interface Call {
  readonly stage: Stage;
  readonly caller: ScriptedPeer;
  readonly callee: ScriptedPeer;
  readonly invite: SipRequest;
}

/** A call of alice to bob's phone, or over a carrier that knows us by a password; it rings at most. */
async function call(to: 'phone' | 'carrier' | 'carrier without password'): Promise<Call> {
  const secret = { realm: 'carrier.example', authUser: 'us', authPassword: new Secret('our secret') };
  const trunk = { ...trunkAt('192.0.2.50'), ...(to === 'carrier' ? secret : {}) };
  const stage = await Stage.open({
    accounts: [{ name: 'carrier', kind: 'sipserver', trunk }],
    dialRules: [{ pattern: '00.', routes: [{ sipServerId: 3, priority: 1, weight: 1 }] }],
  });
  const caller = await stage.phone('alice', '192.0.2.21');
  const callee = to === 'phone' ? await stage.phone('bob', '192.0.2.22') : await stage.peer('192.0.2.50');
  const uri = to === 'phone' ? 'sip:bob@server.example' : 'sip:0049301@server.example';
  const invite = await stage.invite(caller, 'alice', uri);
  return { stage, caller, callee, invite };
}

async function answered(given: Call): Promise<Call> {
  const { stage, caller, callee, invite } = given;
  callee.respond(callee.request('INVITE'), 200, { body: sdp(callee.local.address) });
  await stage.run(20);
  caller.ack(invite, caller.response('INVITE', 200));
  await stage.run(20);
  return given;
}

function challenge(peer: ScriptedPeer, request: SipRequest, status: 401 | 407, realm: RealmName): void {
  const name = status === 401 ? 'www-authenticate' : 'proxy-authenticate';
  const value = `Digest realm="${realms[realm]}", nonce="${bait}", algorithm=MD5, qop="auth"`;
  peer.respond(request, status, { headers: new HeaderList().append(name, value) });
}

/** Answers to the bait that a peer got, and whether the other side ever saw it. */
function outcome(
  baiter: ScriptedPeer,
  other: ScriptedPeer,
): { readonly answers: number; readonly isPassedOn: boolean } {
  const isAnswer = (request: SipRequest): boolean =>
    ['authorization', 'proxy-authorization'].some((name) => request.headers.get(name)?.includes(bait) === true);
  const requests = baiter.received.filter((message) => message.kind === 'request');
  return {
    answers: requests.filter(isAnswer).length,
    isPassedOn: other.received.some((one) => serialise(one).includes(bait)),
  };
}

/** Every request of ours that somebody could challenge: who gets it, and how it comes to be sent. */
const baits: Readonly<Record<string, (given: Call, status: 401 | 407, realm: RealmName) => Promise<void>>> = {
  'the INVITE': async ({ stage, callee }, status, realm) => {
    challenge(callee, callee.request('INVITE'), status, realm);
    await stage.run(40);
  },
  'a re-INVITE': async (given, status, realm) => {
    const { stage, caller, callee, invite } = await answered(given);
    caller.send(caller.inDialog('INVITE', invite, caller.response('INVITE', 200), sdp('192.0.2.21', 45_000)));
    await stage.run(20);
    challenge(callee, callee.request('INVITE'), status, realm);
    await stage.run(40);
  },
  'an INFO': async (given, status, realm) => {
    const { stage, caller, callee, invite } = await answered(given);
    caller.send(caller.inDialog('INFO', invite, caller.response('INVITE', 200)));
    await stage.run(20);
    const info = callee.requests('INFO').at(-1);
    if (info !== undefined) challenge(callee, info, status, realm);
    await stage.run(40);
  },
  'the BYE': async (given, status, realm) => {
    const { stage, caller, callee, invite } = await answered(given);
    caller.send(caller.inDialog('BYE', invite, caller.response('INVITE', 200)));
    await stage.run(20);
    challenge(callee, callee.request('BYE'), status, realm);
    await stage.run(40);
  },
};

describe('a digest answer is never given to who asks for it in order to guess at it', () => {
  for (const to of ['phone', 'carrier', 'carrier without password'] as const) {
    for (const [request, bring] of Object.entries(baits)) {
      for (const realm of Object.keys(realms) as RealmName[]) {
        const isAnswered = to === 'carrier' && realm === 'the realm of the carrier';
        test(`a ${to} that challenges ${request} for ${realm} gets ${isAnswered ? 'our answer' : 'none'}, and the caller never sees it`, async () => {
          for (const status of [401, 407] as const) {
            const given = await call(to);
            await bring(given, status, realm);
            const { answers, isPassedOn } = outcome(given.callee, given.caller);
            assert.deepEqual([answers > 0, isPassedOn], [isAnswered, false], String(status));
            const seen = given.stage.server.guard.findings.counts['unwanted challenge'];
            assert.equal(seen > 0, !isAnswered, 'it is counted');
            assert.deepEqual(
              [...given.stage.server.guard.bans.all()],
              [],
              'a set-up that is merely wrong is no attack',
            );
          }
        });
      }
    }
  }

  test('a caller that challenges our BYE gets no answer, and the callee never sees it', async () => {
    for (const realm of Object.keys(realms) as RealmName[]) {
      const given = await answered(await call('phone'));
      const { stage, caller, callee } = given;
      for (const one of stage.server.calls.calls()) one.end('ended by operator');
      await stage.run(20);
      for (const status of [401, 407] as const) challenge(caller, caller.request('BYE'), status, realm);
      await stage.run(40);
      assert.deepEqual(outcome(caller, callee), { answers: 0, isPassedOn: false });
    }
  });

  test('a carrier that challenges again and again for its realm gets one answer to the INVITE', async () => {
    const given = await call('carrier');
    for (let round = 0; round < 5; round++) {
      challenge(given.callee, given.callee.request('INVITE'), 407, 'the realm of the carrier');
      await given.stage.run(40);
    }
    assert.equal(outcome(given.callee, given.caller).answers, 1);
  });

  test('an answer to a challenge that we did not make is asked for anew, and tells nobody whether its password was right', async () => {
    const stage = await Stage.open();
    const tricked = await stage.peer('192.0.2.21');
    const register = tricked.build('REGISTER', 'sip:server.example', 'alice');
    const digest = `Digest username="alice", realm="server.example", nonce="${bait}", uri="sip:server.example", response="${'0'.repeat(32)}", algorithm=MD5`;
    register.headers.append('authorization', digest);
    tricked.send(register);
    await stage.run(20);
    assert.deepEqual(tricked.statuses('REGISTER'), [401]);
    assert.equal(stage.server.guard.countOf('maxwrongauthfromip', '192.0.2.21'), 0);
  });
});
