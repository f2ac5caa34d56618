import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { profileValues } from '../../src/settings/index.ts';
import { readRfc4475, readRfc5118, vectorFiles } from '../vectors/vectors.ts';
import type { ScriptedPeer } from './scripted-peer.ts';
import { serverEndpoint, Stage, type StageOptions, trunkAt } from './stage.ts';

/** Statuses that a stranger's message is answered with, in order; none where it is dropped. */
interface Outcome {
  readonly udp: readonly number[];
  /** Where a stream differs from a datagram. */
  readonly tcp?: readonly number[];
  readonly why: string;
}

const dropped: Outcome = { udp: [], why: 'nothing says whom to answer, or it is an answer to nothing' };
const challenged: Outcome = { udp: [407], why: 'valid: a call of nobody that we know' };
const registers: Outcome = { udp: [401], why: 'valid: a registration of nobody that we know' };
const bad: Outcome = { udp: [400], why: 'malformed, and its Via tells whom to answer' };
const asked: Outcome = { udp: [200], why: 'valid: OPTIONS is for anybody' };
const noDialog: Outcome = { udp: [481], why: 'valid: of a dialog that is not here' };
const unknownMethod: Outcome = { udp: [501], why: 'valid: a method that nobody has heard of' };
const unknownScheme: Outcome = { udp: [416], why: 'valid: a scheme that is not ours' };

const withNul: Outcome = {
  udp: [400],
  why: 'valid SIP, with a NUL in a name, which no account of ours may have [protocol.validateinput]',
};

const outcomes: Readonly<Record<string, Outcome>> = {
  ...{ 'wsinv.dat': noDialog, 'intmeth.dat': unknownMethod, 'esc01.dat': challenged, 'escnull.dat': withNul },
  ...{ 'esc02.dat': unknownMethod, 'lwsdisp.dat': asked, 'longreq.dat': challenged, 'semiuri.dat': asked },
  'dblreq.dat': { udp: [401], tcp: [401, 407], why: 'the second request counts on a stream only' },
  ...{ 'transports.dat': asked, 'mpart01.dat': challenged, 'unreason.dat': dropped, 'noreason.dat': dropped },
  'badinv01.dat': dropped,
  'clerr.dat': { udp: [400], tcp: [], why: 'a stream waits for the rest of the body' },
  ...{ 'ncl.dat': bad, 'scalar02.dat': bad, 'scalarlg.dat': dropped, 'quotbal.dat': bad, 'ltgtruri.dat': bad },
  ...{ 'lwsruri.dat': bad, 'lwsstart.dat': bad, 'trws.dat': bad, 'escruri.dat': bad, 'baddate.dat': challenged },
  ...{ 'regbadct.dat': registers, 'badaspec.dat': bad, 'mismatch01.dat': bad, 'mismatch02.dat': bad },
  'baddn.dat': { udp: [400], tcp: [], why: 'a stream waits for the blank line' },
  'badvers.dat': { udp: [505], why: 'another version of SIP' },
  ...{ 'bigcode.dat': dropped, 'badbranch.dat': asked, 'insuf.dat': bad, 'unkscm.dat': unknownScheme },
  ...{ 'novelsc.dat': unknownScheme, 'unksm2.dat': registers, 'invut.dat': challenged, 'regaut01.dat': registers },
  'bext01.dat': { udp: [420], why: 'extensions that nobody supports are required' },
  ...{ 'multi01.dat': bad, 'mcl01.dat': bad, 'bcast.dat': dropped, 'cparam01.dat': registers },
  'zeromf.dat': { udp: [200], why: 'OPTIONS that need go no further (RFC 3261 §11.2)' },
  ...{ 'cparam02.dat': registers, 'regescrt.dat': registers, 'sdp01.dat': challenged, 'test.dat': dropped },
  'inv2543.dat': { udp: [407], tcp: [400], why: 'a stream needs Content-Length' },
  ...{ 'ipv6-good': registers, 'ipv6-bad': bad, 'port-ambiguous': registers, 'port-unambiguous': registers },
  ...{ 'via-received-param-with-delim': noDialog, 'via-received-param-no-delim': asked, 'ipv6-in-sdp': challenged },
  ...{ 'mult-ip-in-header': noDialog, 'mult-ip-in-sdp': challenged, 'ipv4-mapped-ipv6': challenged },
  ...{ 'ipv6-bug-abnf-3-colons': asked, 'ipv6-correct-abnf-2-colons': asked },
};

const stranger = { address: '192.0.2.66', port: 40_001 };
const cases = [
  ...vectorFiles('rfc4475').map((file) => ({ file, octets: readRfc4475(file) })),
  ...vectorFiles('rfc5118').map((file) => ({ file, octets: readRfc5118(file) })),
];

/** A stage, with everything that leaves the server written down as `address:port status`. */
async function watched(
  forcerport: boolean,
  accounts: NonNullable<StageOptions['accounts']> = [],
): Promise<{ stage: Stage; left: string[] }> {
  // A thousand questions of one stranger in no time: the guard has tests of its own.
  const stage = await Stage.open({ accounts, settings: { ...profileValues('stress_test'), forcerport } });
  const left: string[] = [];
  stage.network.onSent = ({ from, to, octets }) => {
    if (from.address === serverEndpoint.address) left.push(`${to.address}:${to.port} ${statusOf(octets)}`);
  };
  return { stage, left };
}

function statusOf(octets: string): number {
  return Number(/^SIP\/2\.0 (\d{3}) /.exec(octets)?.[1]);
}

describe('a torture message of a stranger through the whole server [protocol.malformed-packet-drop]', () => {
  for (const { file, octets } of cases) {
    const { udp, why, tcp = udp } = outcomes[file] ?? { udp: [0], why: 'missing in the table' };

    test(`${file} by UDP is ${udp.length === 0 ? 'dropped' : `answered ${udp.join()} once`}: ${why}`, async () => {
      const { stage, left } = await watched(true);
      const peer = await stage.peer(stranger.address, stranger.port);
      peer.sendOctets(octets);
      await stage.run(40_000);
      assert.deepEqual(
        left,
        udp.map((status) => `${stranger.address}:${stranger.port} ${status}`),
      );
      assert.ok(peer.octetsReceived <= 3 * octets.length);
      assert.deepEqual(
        [stage.server.stack.transactionCount, stage.server.calls.count, stage.store.cdrs.length],
        [0, 0, 0],
      );
    });

    test(`${file} is answered at no other address, also where answers go to the port of its Via`, async () => {
      const { stage, left } = await watched(false);
      (await stage.peer(stranger.address, stranger.port)).sendOctets(octets);
      await stage.run(40_000);
      const via = /^(?:Via|v)\s*:\s*SIP\s*\/\s*2\.0\s*\/\s*\w+\s+(?:\[[^\]]*\]|[^\s:;,]+)(?:\s*:\s*(\d+))?/im.exec(
        octets,
      )?.[1];
      const port = /^(?:Via|v)\s*:[^\r]*?;\s*rport/im.test(octets) ? stranger.port : Number(via ?? 5060);
      assert.deepEqual(
        left,
        udp.map((status) => `${stranger.address}:${port} ${status}`),
      );
    });

    test(`${file} by TCP is ${tcp.length === 0 ? 'not answered' : `answered ${tcp.join()}`}, wherever it is cut in two`, async () => {
      const { stage, left } = await watched(true);
      const near = stage.network.host(stranger.address);
      const answersTo = (pieces: readonly string[]): readonly number[] => {
        const stream = near.connectTcp(serverEndpoint, stranger.address);
        let heard = '';
        stream.onData = (data) => {
          heard += data.toString('latin1');
        };
        for (const piece of pieces) {
          stream.write(Buffer.from(piece, 'latin1'));
          stage.clock.advance(2);
        }
        stage.clock.advance(3);
        stream.destroy();
        stage.clock.advance(3);
        return [...heard.matchAll(/^SIP\/2\.0 (\d{3}) /gm)].map(([, status]) => Number(status));
      };
      for (let cut = 0; cut <= octets.length; cut++) {
        assert.deepEqual(answersTo([octets.slice(0, cut), octets.slice(cut)]), tcp, `cut before octet ${cut}`);
      }
      assert.deepEqual(answersTo(octets.split('')), tcp, 'octet by octet');
      assert.deepEqual(left, []);
    });
  }

  test('the table names every vector, and nothing else', () => {
    assert.deepEqual(Object.keys(outcomes).toSorted(), cases.map(({ file }) => file).toSorted());
  });
});

const rings: Outcome = { udp: [486], why: 'valid: it rings at the phone of who is called, who is busy' };
const unknownCallee: Outcome = { udp: [404], why: 'valid: a call to a name that nobody has' };

/** Final answers to a SIP server of ours, which nobody challenges, where they differ from those to a stranger. */
const trusted: Readonly<Record<string, Outcome>> = {
  ...{ 'baddate.dat': rings, 'inv2543.dat': rings, 'longreq.dat': rings, 'sdp01.dat': rings },
  ...{ 'ipv4-mapped-ipv6': rings, 'ipv6-in-sdp': rings, 'mult-ip-in-sdp': rings, 'esc01.dat': unknownCallee },
  'invut.dat': { udp: [415], why: 'its body is of a type that nobody knows' },
  'mpart01.dat': { udp: [200], why: 'valid: its binary body reaches whom it is for' },
};

describe('a torture message of a SIP server of ours through the whole server', () => {
  for (const { file, octets } of cases) {
    const { udp, why } = trusted[file] ?? outcomes[file] ?? { udp: [0], why: 'missing in the table' };

    test(`${file} is ${udp.length === 0 ? 'dropped' : `answered ${udp.join()}`}: ${why}`, async () => {
      const { stage, left } = await watched(true, [
        { name: 'carrier', kind: 'sipserver', trunk: trunkAt(stranger.address) },
        ...['user', 'UserB', 'kumiko', 'caller'].map((name) => ({ name })),
      ]);
      const phones: ScriptedPeer[] = [];
      for (const [at, name] of ['user', 'UserB', 'kumiko'].entries()) {
        phones.push(await stage.phone(name, `192.0.2.${22 + at}`));
      }
      const peer = await stage.peer(stranger.address, stranger.port);
      left.length = 0;
      peer.sendOctets(octets);
      await stage.run(40);
      for (const phone of phones) {
        for (const invite of phone.requests('INVITE')) phone.respond(invite, 486);
        for (const message of phone.requests('MESSAGE')) phone.respond(message, 200);
      }
      await stage.run(40_000);
      const answers = left.filter((line) => line.startsWith(`${stranger.address}:`) && !line.endsWith(' 100'));
      assert.deepEqual(
        [...new Set(answers)],
        udp.map((status) => `${stranger.address}:${stranger.port} ${status}`),
      );
      assert.deepEqual([stage.server.stack.transactionCount, stage.server.calls.count], [0, 0]);
    });
  }
});
