import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RecordedFlow, requestOf, TransactionBench } from '../../../test/kit/transaction-bench.ts';
import { createResponse, type SipRequest } from '../message/index.ts';
import type { InviteServerTransaction } from './server-invite.ts';

function open(bench: TransactionBench, request: SipRequest): InviteServerTransaction {
  const transaction = bench.layer.openInviteServer(request, bench.flow);
  transaction.attach({
    onCancel: () => bench.told.push('cancel'),
    onAckTimeout: () => bench.told.push('no ack'),
  });
  return transaction;
}

/** Inputs: a status that we answer, or a request of the peer. RFC 3261 Figure 7 with RFC 6026 Figure 7. */
const inviteTable = [
  { inputs: [], state: 'proceeding', sent: [], told: [] },
  { inputs: ['INVITE'], state: 'proceeding', sent: [], told: [] },
  { inputs: [100, 'INVITE'], state: 'proceeding', sent: [100, 100], told: [] },
  { inputs: [100, 180, 'INVITE'], state: 'proceeding', sent: [100, 180, 180], told: [] },
  { inputs: [180, 'ACK'], state: 'proceeding', sent: [180], told: [] },
  { inputs: [180, 'CANCEL'], state: 'proceeding', sent: [180], told: ['CANCEL answered 200', 'cancel'] },
  { inputs: [486], state: 'completed', sent: [486], told: [] },
  { inputs: [486, 'INVITE'], state: 'completed', sent: [486, 486], told: [] },
  { inputs: [486, 'CANCEL'], state: 'completed', sent: [486], told: ['CANCEL answered 200'] },
  { inputs: [486, 'ACK'], state: 'confirmed', sent: [486], told: [] },
  { inputs: [486, 'ACK', 'ACK', 'INVITE'], state: 'confirmed', sent: [486], told: [] },
  { inputs: [200], state: 'accepted', sent: [200], told: [] },
  { inputs: [200, 'INVITE'], state: 'accepted', sent: [200], told: [] },
  { inputs: [200, 200], state: 'accepted', sent: [200, 200], told: [] },
  { inputs: [200, 'ACK'], state: 'accepted', sent: [200], told: ['ack'] },
  { inputs: [200, 'CANCEL'], state: 'accepted', sent: [200], told: ['CANCEL answered 200'] },
] as const;

describe('INVITE server transaction', () => {
  for (const { inputs, state, sent, told } of inviteTable) {
    it(`after ${inputs.join(', ') || 'nothing'} it is ${state}, has sent ${sent.join(', ') || 'nothing'}, told ${told.join(', ') || 'nothing'}`, () => {
      const bench = new TransactionBench('udp');
      const invite = requestOf('INVITE');
      const transaction = open(bench, invite);
      for (const input of inputs) {
        if (typeof input === 'number') transaction.respond(createResponse(invite, input));
        else bench.request(requestOf(input));
      }
      assert.equal(transaction.state, state);
      assert.deepEqual(
        bench.flow.sent.map(({ text }) => Number(text.slice(8, 11))),
        sent,
      );
      assert.deepEqual(bench.told, told);
    });
  }

  it('timer G repeats a refusal on UDP, doubling up to 4 s, and timer H gives up after 32 s', () => {
    const bench = new TransactionBench('udp');
    const invite = requestOf('INVITE');
    open(bench, invite).respond(createResponse(invite, 486));
    bench.clock.advance(32_000);
    const expected = [0, 500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500];
    assert.deepEqual(bench.flow.timesOf('SIP/2.0 486'), expected);
    assert.deepEqual(bench.told, ['no ack']);
    assert.deepEqual([bench.layer.size, bench.clock.pendingCount], [0, 0]);
  });

  it('a refusal is sent once on TCP, and timer H still gives up', () => {
    const bench = new TransactionBench('tcp');
    const invite = requestOf('INVITE');
    open(bench, invite).respond(createResponse(invite, 486));
    bench.clock.advance(32_000);
    assert.deepEqual(bench.flow.timesOf('SIP/2.0 486'), [0]);
    assert.deepEqual(bench.told, ['no ack']);
  });

  for (const [transport, status, heldMs] of [
    ['udp', 486, 5000],
    ['tcp', 486, 0],
    ['udp', 200, 32_000],
    ['tcp', 200, 32_000],
  ] as const) {
    it(`after ${status} and its ACK on ${transport} it is remembered for ${heldMs} ms (timers I and L)`, () => {
      const bench = new TransactionBench(transport);
      const invite = requestOf('INVITE');
      open(bench, invite).respond(createResponse(invite, status));
      bench.request(requestOf('ACK'));
      bench.clock.advance(Math.max(0, heldMs - 1));
      assert.equal(bench.layer.size, heldMs === 0 ? 0 : 1);
      bench.clock.advance(300);
      assert.deepEqual([bench.layer.size, bench.clock.pendingCount], [0, 0]);
      assert.equal(bench.flow.sent.length, 1);
    });
  }

  it('a 2xx is never repeated by the transaction: on every transport that is its user’s part', () => {
    const bench = new TransactionBench('udp');
    const invite = requestOf('INVITE');
    open(bench, invite).respond(createResponse(invite, 200));
    bench.clock.advance(31_000);
    assert.deepEqual(bench.flow.timesOf('SIP/2.0 200'), [0]);
  });

  it('an answer after the final one is a mistake of ours', () => {
    const bench = new TransactionBench('udp');
    const invite = requestOf('INVITE');
    const transaction = open(bench, invite);
    transaction.respond(createResponse(invite, 486));
    assert.throws(() => transaction.respond(createResponse(invite, 200)), /final response/);
  });
});

const nonInviteTable = [
  { inputs: ['OPTIONS'], state: 'trying', sent: [] },
  { inputs: [100, 'OPTIONS'], state: 'proceeding', sent: [100, 100] },
  { inputs: [200], state: 'completed', sent: [200] },
  { inputs: [404, 'OPTIONS', 'OPTIONS'], state: 'completed', sent: [404, 404, 404] },
  { inputs: [100, 200, 'OPTIONS'], state: 'completed', sent: [100, 200, 200] },
] as const;

describe('non-INVITE server transaction', () => {
  for (const { inputs, state, sent } of nonInviteTable) {
    it(`after ${inputs.join(', ')} it is ${state} and has sent ${sent.join(', ') || 'nothing'}`, () => {
      const bench = new TransactionBench('udp');
      const options = requestOf('OPTIONS');
      const transaction = bench.layer.openNonInviteServer(options, bench.flow);
      for (const input of inputs) {
        if (typeof input === 'number') transaction.respond(createResponse(options, input));
        else bench.request(requestOf(input));
      }
      assert.equal(transaction.state, state);
      assert.deepEqual(
        bench.flow.sent.map(({ text }) => Number(text.slice(8, 11))),
        sent,
      );
      assert.deepEqual(bench.told, []);
    });
  }

  for (const [transport, heldMs] of [
    ['udp', 32_000],
    ['tcp', 0],
  ] as const) {
    it(`its answer on ${transport} is remembered for ${heldMs} ms (timer J), and never sent unasked`, () => {
      const bench = new TransactionBench(transport);
      const options = requestOf('OPTIONS');
      bench.layer.openNonInviteServer(options, bench.flow).respond(createResponse(options, 200));
      bench.clock.advance(Math.max(0, heldMs - 1));
      assert.equal(bench.layer.answeredCount, heldMs === 0 ? 0 : 1);
      bench.clock.advance(300);
      assert.deepEqual([bench.layer.size, bench.layer.answeredCount, bench.clock.pendingCount], [0, 0, 0]);
      assert.equal(bench.flow.sent.length, 1);
    });
  }
});

it('a kept answer goes only to where it went before: the same request from another port is a new one', () => {
  const bench = new TransactionBench('udp');
  const options = requestOf('OPTIONS');
  bench.layer.openNonInviteServer(options, bench.flow).respond(createResponse(options, 200));
  const elsewhere = new RecordedFlow(bench.clock, 'udp', { address: '198.51.100.1', port: 5099 });
  bench.layer.receiveRequest(options, elsewhere, elsewhere);
  assert.deepEqual([elsewhere.sent.length, bench.told], [0, ['OPTIONS']]);
  bench.request(options);
  assert.equal(bench.flow.timesOf('SIP/2.0 200').length, 2);
  assert.deepEqual(bench.told, ['OPTIONS']);
});

describe('matching of requests', () => {
  /** Whether the second request is taken for a repetition of the first. */
  const matchTable = [
    { what: 'the same branch and sent-by', first: {}, second: {}, same: true },
    { what: 'the same branch of another sent-by', first: {}, second: { sentBy: '198.51.100.9' }, same: false },
    { what: 'the same branch from another port', first: {}, second: { sentBy: '198.51.100.1:5063' }, same: false },
    { what: 'no port and 5060', first: { sentBy: 'a.example' }, second: { sentBy: 'a.example:5060' }, same: true },
    { what: 'another branch', first: {}, second: { branch: 'z9hG4bK2' }, same: false },
    { what: 'the same branch, whatever else changed', first: {}, second: { callId: 'other', seq: 5 }, same: true },
    { what: 'RFC 2543: all fields equal', first: { branch: '1' }, second: { branch: '1' }, same: true },
    { what: 'RFC 2543: no branch at all', first: { via: 'a.example' }, second: { via: 'a.example' }, same: true },
    { what: 'RFC 2543: another CSeq', first: { branch: '1' }, second: { branch: '1', seq: 2 }, same: false },
    { what: 'RFC 2543: another Call-ID', first: { branch: '1' }, second: { branch: '1', callId: 'x' }, same: false },
    { what: 'RFC 2543: another From tag', first: { branch: '1' }, second: { branch: '1', fromTag: 'x' }, same: false },
    { what: 'RFC 2543: another URI', first: { branch: '1' }, second: { branch: '1', uri: 'sip:3@x.org' }, same: false },
  ] as const;
  for (const { what, first, second, same } of matchTable) {
    it(`${what}: ${same ? 'one transaction' : 'two'}`, () => {
      const bench = new TransactionBench('udp');
      bench.layer.openNonInviteServer(requestOf('OPTIONS', first), bench.flow);
      bench.request(requestOf('OPTIONS', second));
      assert.deepEqual(bench.told, same ? [] : ['OPTIONS']);
    });
  }

  it('an ACK of RFC 2543, whose To has our tag, still finds the refused INVITE', () => {
    const bench = new TransactionBench('udp');
    const invite = requestOf('INVITE', { branch: '1' });
    const transaction = open(bench, invite);
    transaction.respond(createResponse(invite, 486));
    bench.request(requestOf('ACK', { branch: '1', toTag: 'ours' }));
    assert.equal(transaction.state, 'confirmed');
  });

  it('an ACK with a branch of its own is that of a 2xx and goes up', () => {
    const bench = new TransactionBench('udp');
    bench.request(requestOf('ACK', { branch: 'z9hG4bKack', toTag: 'ours' }));
    assert.deepEqual(bench.told, ['ack']);
  });

  it('a CANCEL acts on the INVITE of its branch only, and only where its source may', () => {
    const bench = new TransactionBench('udp');
    open(bench, requestOf('INVITE'));
    bench.request(requestOf('CANCEL', { branch: 'z9hG4bKother' }));
    bench.mayCancel = false;
    bench.request(requestOf('CANCEL'));
    assert.deepEqual(bench.told, ['stray CANCEL', 'CANCEL answered 481']);
    bench.mayCancel = true;
    bench.request(requestOf('CANCEL'));
    assert.deepEqual(bench.told.slice(2), ['CANCEL answered 200', 'cancel']);
  });

  it('a CANCEL of anything but an INVITE is stray', () => {
    const bench = new TransactionBench('udp');
    bench.layer.openNonInviteServer(requestOf('OPTIONS'), bench.flow);
    bench.request(requestOf('CANCEL'));
    assert.deepEqual(bench.told, ['stray CANCEL']);
  });

  const copy = { branch: 'z9hG4bKcopy' };
  const mergeTable = [
    { what: 'another copy of an INVITE', method: 'INVITE', second: copy, merged: true },
    { what: 'another copy of a MESSAGE', method: 'MESSAGE', second: copy, merged: true },
    { what: 'the INVITE itself again', method: 'INVITE', second: {}, merged: false },
    { what: 'the same caller with the next CSeq', method: 'INVITE', second: { ...copy, seq: 2 }, merged: false },
    { what: 'another Call-ID', method: 'INVITE', second: { ...copy, callId: 'x' }, merged: false },
    { what: 'another From tag', method: 'INVITE', second: { ...copy, fromTag: 'x' }, merged: false },
    { what: 'a re-INVITE', method: 'INVITE', second: { ...copy, toTag: 'ours' }, merged: false },
    { what: 'a REGISTER over two paths', method: 'REGISTER', second: copy, merged: false },
  ] as const;
  for (const { what, method, second, merged } of mergeTable) {
    it(`${what} is ${merged ? '' : 'not '}a merged request`, () => {
      const bench = new TransactionBench('udp');
      const first = requestOf(method);
      if (method === 'INVITE') bench.layer.openInviteServer(first, bench.flow);
      else bench.layer.openNonInviteServer(first, bench.flow);
      assert.equal(bench.layer.isMerged(requestOf(method, second)), merged);
    });
  }

  it('a copy that comes after the transaction is forgotten is a new request', () => {
    const bench = new TransactionBench('udp');
    const message = requestOf('MESSAGE');
    bench.layer.openNonInviteServer(message, bench.flow).respond(createResponse(message, 200));
    bench.clock.advance(33_000);
    assert.equal(bench.layer.isMerged(requestOf('MESSAGE', copy)), false);
  });
});

describe('shut-down', () => {
  it('leaves no timer and tells nobody', () => {
    const bench = new TransactionBench('udp');
    const invite = requestOf('INVITE');
    open(bench, invite).respond(createResponse(invite, 486));
    const options = requestOf('OPTIONS');
    bench.layer.openNonInviteServer(options, bench.flow).respond(createResponse(options, 200));
    bench.layer.startInvite(requestOf('INVITE', { branch: 'z9hG4bK8' }), bench.flow, bench.user);
    bench.layer.startNonInvite(requestOf('BYE', { branch: 'z9hG4bK9' }), bench.flow, bench.user);
    bench.layer.close();
    assert.deepEqual([bench.layer.size, bench.clock.pendingCount, bench.told], [0, 0, []]);
  });
});
