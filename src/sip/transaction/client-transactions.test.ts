import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { messageOf, requestOf, TransactionBench } from '../../../test/kit/transaction-bench.ts';
import { buildCancel } from './ack.ts';

/** What each input does to an INVITE client transaction: RFC 3261 Figure 5 with RFC 6026 Figure 5. */
const inviteTable = [
  { inputs: [], state: 'calling', told: [] },
  { inputs: [180], state: 'proceeding', told: ['180'] },
  { inputs: [180, 183], state: 'proceeding', told: ['180', '183'] },
  { inputs: [200], state: 'accepted', told: ['200'] },
  { inputs: [180, 200, 200], state: 'accepted', told: ['180', '200', '200'] },
  { inputs: [200, 180], state: 'accepted', told: ['200'] },
  { inputs: [200, 486], state: 'accepted', told: ['200'] },
  { inputs: [486], state: 'completed', told: ['486'] },
  { inputs: [180, 302], state: 'completed', told: ['180', '302'] },
  { inputs: [603, 603], state: 'completed', told: ['603'] },
  { inputs: [486, 200], state: 'completed', told: ['486'] },
  { inputs: [486, 180], state: 'completed', told: ['486'] },
] as const;

describe('INVITE client transaction', () => {
  for (const { inputs, state, told } of inviteTable) {
    it(`after ${inputs.join(', ') || 'nothing'} it is ${state}, and its user was told ${told.join(', ') || 'nothing'}`, () => {
      const bench = new TransactionBench('udp');
      const invite = requestOf('INVITE');
      const transaction = bench.layer.startInvite(invite, bench.flow, bench.user);
      for (const status of inputs) bench.response(invite, status);
      assert.equal(transaction.state, state);
      assert.deepEqual(bench.told, told);
    });
  }

  it('timer A repeats the INVITE on UDP after 0.5, 1, 2 ... s, and timer B ends it after 32 s', () => {
    const bench = new TransactionBench('udp');
    bench.layer.startInvite(requestOf('INVITE'), bench.flow, bench.user);
    bench.clock.advance(31_999);
    assert.deepEqual(bench.flow.timesOf('INVITE'), [0, 500, 1500, 3500, 7500, 15_500, 31_500]);
    assert.deepEqual(bench.told, []);
    bench.clock.advance(1);
    assert.deepEqual(bench.told, ['timeout']);
    assert.deepEqual([bench.layer.size, bench.clock.pendingCount], [0, 0]);
  });

  it('nothing is repeated on TCP, where timer B ends it all the same', () => {
    const bench = new TransactionBench('tcp');
    bench.layer.startInvite(requestOf('INVITE'), bench.flow, bench.user);
    bench.clock.advance(32_000);
    assert.deepEqual(bench.flow.timesOf('INVITE'), [0]);
    assert.deepEqual(bench.told, ['timeout']);
  });

  it('a provisional answer stops repetition and time-out: a callee may ring as long as it likes', () => {
    const bench = new TransactionBench('udp');
    const invite = requestOf('INVITE');
    bench.layer.startInvite(invite, bench.flow, bench.user);
    bench.clock.advance(600);
    bench.response(invite, 180);
    bench.clock.advance(3_600_000);
    assert.deepEqual(bench.flow.timesOf('INVITE'), [0, 500]);
    assert.deepEqual([bench.layer.size, bench.clock.pendingCount], [1, 0]);
  });

  it('a refusal is acknowledged with the branch, route and number of the INVITE, each time that it comes', () => {
    const bench = new TransactionBench('udp');
    const invite = requestOf('INVITE', { seq: 7, headers: ['Route: <sip:192.0.2.9;lr>', 'Max-Forwards: 12'] });
    bench.layer.startInvite(invite, bench.flow, bench.user);
    bench.response(invite, 486, 'busy-tag');
    bench.clock.advance(4000);
    bench.response(invite, 486, 'busy-tag');
    assert.deepEqual(bench.flow.timesOf('ACK'), [0, 4000]);
    const ack = messageOf(bench.flow.sent.at(-1)?.text ?? '');
    assert.equal(ack.headers.get('via'), invite.headers.get('via'));
    assert.deepEqual(ack.headers.getAll('route'), ['<sip:192.0.2.9;lr>']);
    assert.deepEqual([ack.cseq.seq, ack.cseq.method, ack.toTag], [7, 'ACK', 'busy-tag']);
    assert.equal(ack.kind === 'request' && ack.uri, invite.uri);
  });

  for (const [transport, status, heldMs] of [
    ['udp', 486, 32_000],
    ['tcp', 486, 0],
    ['udp', 200, 32_000],
    ['tcp', 200, 32_000],
  ] as const) {
    it(`after ${status} on ${transport} it is remembered for ${heldMs} ms (timers D and M)`, () => {
      const bench = new TransactionBench(transport);
      const invite = requestOf('INVITE');
      bench.layer.startInvite(invite, bench.flow, bench.user);
      bench.response(invite, status);
      bench.clock.advance(Math.max(0, heldMs - 1));
      assert.equal(bench.layer.size, heldMs === 0 ? 0 : 1);
      bench.clock.advance(300);
      assert.deepEqual([bench.layer.size, bench.clock.pendingCount], [0, 0]);
      bench.response(invite, status);
      assert.equal(bench.told.at(-1), `stray ${status}`);
    });
  }

  it('each 2xx goes up, also one of another phone: only the user can acknowledge it', () => {
    const bench = new TransactionBench('udp');
    const invite = requestOf('INVITE');
    bench.layer.startInvite(invite, bench.flow, bench.user);
    bench.response(invite, 200, 'one');
    bench.response(invite, 200, 'other');
    assert.deepEqual(bench.told, ['200', '200']);
    assert.deepEqual(bench.flow.timesOf('ACK'), []);
  });

  it('once nobody waits for it any more, one that rings for ever times out after 32 s, provisional answers or not', () => {
    const bench = new TransactionBench('udp');
    const invite = requestOf('INVITE');
    const transaction = bench.layer.startInvite(invite, bench.flow, bench.user);
    bench.response(invite, 180);
    bench.clock.advance(100_000);
    transaction.expire();
    bench.clock.advance(20_000);
    bench.response(invite, 183);
    bench.clock.advance(12_000);
    assert.deepEqual(bench.told, ['180', '183', 'timeout']);
    assert.deepEqual([bench.layer.size, bench.clock.pendingCount], [0, 0]);
  });

  it('a CANCEL carries what identifies the INVITE: URI, Via, Call-ID, From, To without tag, number, route', () => {
    const invite = requestOf('INVITE', {
      seq: 9,
      headers: ['Route: <sip:192.0.2.9;lr>', 'Contact: <sip:100@192.0.2.1>'],
    });
    const cancel = buildCancel(invite, 'SIP;cause=200;text="Call completed elsewhere"');
    assert.deepEqual(
      [...cancel.headers.entries()],
      [
        ['via', 'SIP/2.0/UDP 198.51.100.1:5062;branch=z9hG4bK1'],
        ['route', '<sip:192.0.2.9;lr>'],
        ['from', '<sip:100@192.0.2.1>;tag=from-1'],
        ['to', '<sip:200@192.0.2.1>'],
        ['call-id', 'call-1'],
        ['cseq', '9 CANCEL'],
        ['max-forwards', '70'],
        ['reason', 'SIP;cause=200;text="Call completed elsewhere"'],
      ],
    );
  });
});

const nonInviteTable = [
  { inputs: [], state: 'trying', told: [] },
  { inputs: [100], state: 'proceeding', told: ['100'] },
  { inputs: [100, 183], state: 'proceeding', told: ['100', '183'] },
  { inputs: [200], state: 'completed', told: ['200'] },
  { inputs: [100, 404], state: 'completed', told: ['100', '404'] },
  { inputs: [200, 200], state: 'completed', told: ['200'] },
  { inputs: [404, 200], state: 'completed', told: ['404'] },
  { inputs: [200, 100], state: 'completed', told: ['200'] },
] as const;

describe('non-INVITE client transaction', () => {
  for (const { inputs, state, told } of nonInviteTable) {
    it(`after ${inputs.join(', ') || 'nothing'} it is ${state}, and its user was told ${told.join(', ') || 'nothing'}`, () => {
      const bench = new TransactionBench('udp');
      const bye = requestOf('BYE');
      const transaction = bench.layer.startNonInvite(bye, bench.flow, bench.user);
      for (const status of inputs) bench.response(bye, status);
      assert.equal(transaction.state, state);
      assert.deepEqual(bench.told, told);
    });
  }

  it('timer E repeats it on UDP, doubling up to 4 s, and timer F ends it after 32 s', () => {
    const bench = new TransactionBench('udp');
    bench.layer.startNonInvite(requestOf('BYE'), bench.flow, bench.user);
    bench.clock.advance(32_000);
    const expected = [0, 500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500];
    assert.deepEqual(bench.flow.timesOf('BYE'), expected);
    assert.deepEqual(bench.told, ['timeout']);
    assert.deepEqual([bench.layer.size, bench.clock.pendingCount], [0, 0]);
  });

  it('after a provisional answer it is repeated every 4 s, and timer F still ends it', () => {
    const bench = new TransactionBench('udp');
    const bye = requestOf('BYE');
    bench.layer.startNonInvite(bye, bench.flow, bench.user);
    bench.clock.advance(100);
    bench.response(bye, 100);
    bench.clock.advance(31_900);
    assert.deepEqual(bench.flow.timesOf('BYE'), [0, 500, 4500, 8500, 12_500, 16_500, 20_500, 24_500, 28_500]);
    assert.deepEqual(bench.told, ['100', 'timeout']);
  });

  it('nothing is repeated on TCP, and a time-out is told all the same', () => {
    const bench = new TransactionBench('tcp');
    bench.layer.startNonInvite(requestOf('BYE'), bench.flow, bench.user);
    bench.clock.advance(32_000);
    assert.deepEqual(bench.flow.timesOf('BYE'), [0]);
    assert.deepEqual(bench.told, ['timeout']);
  });

  for (const [transport, heldMs] of [
    ['udp', 5000],
    ['tcp', 0],
  ] as const) {
    it(`a final answer on ${transport} is remembered for ${heldMs} ms (timer K)`, () => {
      const bench = new TransactionBench(transport);
      const bye = requestOf('BYE');
      bench.layer.startNonInvite(bye, bench.flow, bench.user);
      bench.response(bye, 200);
      bench.clock.advance(Math.max(0, heldMs - 1));
      assert.equal(bench.layer.size, heldMs === 0 ? 0 : 1);
      bench.clock.advance(1);
      assert.deepEqual([bench.layer.size, bench.clock.pendingCount], [0, 0]);
    });
  }
});

describe('responses', () => {
  it('find their transaction by branch and method: the answer to a CANCEL is none to its INVITE', () => {
    const bench = new TransactionBench('udp');
    const invite = requestOf('INVITE');
    const transaction = bench.layer.startInvite(invite, bench.flow, bench.user);
    bench.response(requestOf('CANCEL'), 200);
    bench.response(requestOf('INVITE', { branch: 'z9hG4bKother' }), 200);
    assert.deepEqual(bench.told, ['stray 200', 'stray 200']);
    assert.equal(transaction.state, 'calling');
  });

  it('nobody can guess a branch: they never repeat, and have the magic cookie', () => {
    const { layer } = new TransactionBench('udp');
    const branches = Array.from({ length: 100 }, () => layer.newBranch());
    assert.equal(new Set(branches).size, 100);
    for (const branch of branches) assert.match(branch, /^z9hG4bK[0-9a-f]{24}$/);
  });
});

describe('a response with our branch', () => {
  const asked = { address: '198.51.100.1', port: 5062 };
  const table = [
    { from: asked, what: 'from where the request went', told: '200' },
    { from: { ...asked, port: 40_000 }, what: 'from another port of that address, as behind a NAT', told: '200' },
    { from: { address: '203.0.113.66', port: 5062 }, what: 'from any other address', told: 'stray 200' },
  ] as const;
  for (const { from, what, told } of table) {
    it(`${what} ${told === '200' ? 'counts' : 'is nobody’s, and the request goes on waiting'}`, () => {
      for (const start of ['startInvite', 'startNonInvite'] as const) {
        const bench = new TransactionBench('udp');
        const request = requestOf(start === 'startInvite' ? 'INVITE' : 'MESSAGE');
        bench.layer[start](request, bench.flow, bench.user);
        bench.response(request, 200, 'theirs', from);
        assert.deepEqual(bench.told, [told]);
      }
    });
  }
});
