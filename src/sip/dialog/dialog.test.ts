import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { messageOf, type RequestFields, requestOf } from '../../../test/kit/transaction-bench.ts';
import { createResponse, type SipResponse, withToTag } from '../message/index.ts';
import { Dialog } from './dialog.ts';

const routes = ['<sip:192.0.2.11;lr>', '<sip:192.0.2.12:5070;lr>', '<sip:192.0.2.13;lr>'] as const;

function answerOf(fields: RequestFields, headers: readonly (readonly [string, string])[]): SipResponse {
  const response = withToTag(createResponse(requestOf('INVITE', fields), 200), 'theirs');
  for (const header of headers) response.headers.append(...header);
  return response;
}

describe('dialog of an INVITE that we sent', () => {
  const invite = { fromTag: 'ours', seq: 5, headers: ['Contact: <sip:100@192.0.2.1>'] };
  const contact = ['contact', '<sip:200@198.51.100.7:5099>'] as const;

  it('goes to the Contact of the answer, over its Record-Routes in reverse', () => {
    const response = answerOf(
      invite,
      routes.map((route) => ['record-route', route] as const),
    );
    response.headers.append(...contact);
    const dialog = Dialog.fromResponse(requestOf('INVITE', invite), response);
    const bye = dialog.createRequest('BYE');
    assert.equal(bye.uri, 'sip:200@198.51.100.7:5099');
    assert.deepEqual(bye.headers.getAll('route'), routes.toReversed());
  });

  it('numbers on from the INVITE, with our From and the peer’s tag in To', () => {
    const dialog = Dialog.fromResponse(requestOf('INVITE', invite), answerOf(invite, [contact]));
    const numbers = ['INFO', 'INVITE', 'BYE'].map((method) => dialog.createRequest(method).cseq);
    assert.deepEqual(numbers, [
      { seq: 6, method: 'INFO' },
      { seq: 7, method: 'INVITE' },
      { seq: 8, method: 'BYE' },
    ]);
    const request = dialog.createRequest('BYE');
    assert.deepEqual([request.fromTag, request.toTag, request.callId], ['ours', 'theirs', 'call-1']);
    assert.equal(request.headers.get('max-forwards'), '70');
  });

  it('an ACK has the number of its INVITE, and does not use up one', () => {
    const dialog = Dialog.fromResponse(requestOf('INVITE', invite), answerOf(invite, [contact]));
    assert.deepEqual(dialog.createAck(5).cseq, { seq: 5, method: 'ACK' });
    assert.equal(dialog.createRequest('BYE').cseq.seq, 6);
    assert.throws(() => dialog.createRequest('ACK'), /CSeq of their INVITE/);
  });

  it('an answer without Contact leaves the target of the INVITE', () => {
    const dialog = Dialog.fromResponse(requestOf('INVITE', invite), answerOf(invite, []));
    assert.equal(dialog.remoteTarget, 'sip:200@192.0.2.1');
  });

  it('takes any first number of the peer, and then only rising ones', () => {
    const dialog = Dialog.fromResponse(requestOf('INVITE', invite), answerOf(invite, [contact]));
    const verdicts = [0, 4, 4, 3, 100, 99].map((seq) => dialog.acceptSequence(requestOf('INFO', { seq })));
    assert.deepEqual(verdicts, ['in order', 'in order', 'out of order', 'out of order', 'in order', 'out of order']);
  });
});

describe('dialog of an INVITE that we answered', () => {
  const invite = {
    fromTag: 'theirs',
    seq: 10,
    headers: [...routes.map((route) => `Record-Route: ${route}`), 'Contact: "A" <sip:100@198.51.100.1:5062;ob>;+x=1'],
  };

  it('goes to the Contact of the INVITE, over its Record-Routes in their order', () => {
    const bye = Dialog.fromRequest(requestOf('INVITE', invite), 'ours').createRequest('BYE');
    assert.equal(bye.uri, 'sip:100@198.51.100.1:5062;ob');
    assert.deepEqual(bye.headers.getAll('route'), routes);
    assert.deepEqual([bye.fromTag, bye.toTag], ['ours', 'theirs']);
    assert.deepEqual([bye.from.uri, bye.to.uri], ['sip:200@192.0.2.1', 'sip:100@192.0.2.1']);
  });

  it('expects numbers above that of the INVITE', () => {
    const dialog = Dialog.fromRequest(requestOf('INVITE', invite), 'ours');
    assert.equal(dialog.acceptSequence(requestOf('BYE', { seq: 10 })), 'out of order');
    assert.equal(dialog.acceptSequence(requestOf('BYE', { seq: 11 })), 'in order');
  });

  it('without a tag of an RFC 2543 peer, its To goes without one', () => {
    const bye = Dialog.fromRequest(requestOf('INVITE', { ...invite, fromTag: '' }), 'ours').createRequest('BYE');
    assert.equal(bye.headers.get('to'), '<sip:100@192.0.2.1>');
  });

  it('several Record-Routes in one line are several routes', () => {
    const one = requestOf('INVITE', { headers: [`Record-Route: ${routes.join(', ')}`] });
    assert.deepEqual(Dialog.fromRequest(one, 'ours').routeSet, routes);
  });
});

describe('target and route', () => {
  it('follows the Contact of a target refresh, and not one that is missing or no address', () => {
    const dialog = Dialog.fromRequest(requestOf('INVITE', { headers: ['Contact: <sip:a@198.51.100.1>'] }), 'ours');
    const targets = [['Contact: <sip:a@198.51.100.2>'], [], ['Contact: *']].map((headers) => {
      dialog.refreshTarget(requestOf('UPDATE', { seq: 2, headers }));
      return dialog.createRequest('INFO').uri;
    });
    assert.deepEqual(targets, ['sip:a@198.51.100.2', 'sip:a@198.51.100.2', 'sip:a@198.51.100.2']);
  });

  it('our Contact follows the scheme of the URI that it was asked for by, and of the target (RFC 3261 §12.1.1)', () => {
    const rows = [
      ['sips:200@192.0.2.1', '<sip:a@198.51.100.1;transport=tls>', 'sips:'],
      ['sip:200@192.0.2.1', '<sips:a@198.51.100.1>', 'sips:a@198.51.100.1'],
      ['sip:200@192.0.2.1', '<sip:a@198.51.100.1>', 'sip:a@198.51.100.1'],
    ] as const;
    for (const [uri, contact, like] of rows) {
      const invite = requestOf('INVITE', { uri, headers: [`Contact: ${contact}`] });
      assert.equal(Dialog.fromRequest(invite, 'ours').contactLike, like);
    }
  });

  it('the route set stays as the dialog began, whatever a refresh says', () => {
    const headers = ['Contact: <sip:a@198.51.100.1>', `Record-Route: ${routes[0]}`];
    const dialog = Dialog.fromRequest(requestOf('INVITE', { headers }), 'ours');
    dialog.refreshTarget(requestOf('INVITE', { seq: 2, headers: [`Record-Route: ${routes[1]}`] }));
    assert.deepEqual(dialog.createRequest('BYE').headers.getAll('route'), [routes[0]]);
  });

  const routers = [
    { first: '<sip:192.0.2.11;lr>', uri: 'sip:a@198.51.100.1', route: ['<sip:192.0.2.11;lr>', routes[1]] },
    { first: '<sip:192.0.2.11;lr=on;x>', uri: 'sip:a@198.51.100.1', route: ['<sip:192.0.2.11;lr=on;x>', routes[1]] },
    { first: '<sip:192.0.2.11>', uri: 'sip:192.0.2.11', route: [routes[1], '<sip:a@198.51.100.1>'] },
    { first: '<sip:192.0.2.11;lrx>', uri: 'sip:192.0.2.11;lrx', route: [routes[1], '<sip:a@198.51.100.1>'] },
  ] as const;
  for (const { first, uri, route } of routers) {
    it(`a request over ${first} has the Request-URI ${uri}`, () => {
      const headers = [`Record-Route: ${first}`, `Record-Route: ${routes[1]}`, 'Contact: <sip:a@198.51.100.1>'];
      const bye = Dialog.fromRequest(requestOf('INVITE', { headers }), 'ours').createRequest('BYE');
      assert.equal(bye.uri, uri);
      assert.deepEqual(bye.headers.getAll('route'), route);
    });
  }
});

describe('the state of a dialog', () => {
  it('is enough to go on from: a copy sends what the dialog itself would', () => {
    const text = fc.stringMatching(/^[a-z0-9]{1,12}$/);
    fc.assert(
      fc.property(text, text, fc.array(fc.constantFrom(...routes)), fc.nat(1000), (tag, callId, path, sent) => {
        const headers = [...path.map((route) => `Record-Route: ${route}`), 'Contact: <sip:a@198.51.100.1>'];
        const dialog = Dialog.fromRequest(requestOf('INVITE', { fromTag: tag, callId, headers }), 'ours');
        for (let count = 0; count < sent % 7; count++) dialog.createRequest('INFO');
        const copy = new Dialog(structuredClone(dialog.state()), undefined);
        const [one, other] = [dialog.createRequest('BYE'), copy.createRequest('BYE')];
        assert.equal(other.uri, one.uri);
        assert.deepEqual([...other.headers.entries()], [...one.headers.entries()]);
      }),
    );
  });

  it('keeps a display name, quotation marks and all, without the tag', () => {
    const text = requestOf('INVITE', {}).headers;
    text.set('from', '"A \\"B\\" C" <sip:100@192.0.2.1>;tag=theirs');
    const invite = requestOf('INVITE');
    invite.headers.set('from', text.get('from') ?? '');
    const bye = Dialog.fromRequest(invite, 'ours').createRequest('BYE');
    assert.equal(bye.headers.get('to'), '"A \\"B\\" C" <sip:100@192.0.2.1>;tag=theirs');
  });

  it('what is sent from it parses again', () => {
    const headers = ['Contact: <sip:a@198.51.100.1>'];
    const bye = Dialog.fromRequest(requestOf('INVITE', { headers }), 'ours').createRequest('BYE');
    const lines = [...bye.headers.entries()].map(([name, value]) => `${name}: ${value}`);
    const read = messageOf(
      [`BYE ${bye.uri} SIP/2.0`, 'Via: SIP/2.0/UDP a;branch=z9hG4bK1', ...lines, '', ''].join('\r\n'),
    );
    assert.deepEqual([read.fromTag, read.toTag], ['ours', 'from-1']);
  });
});
