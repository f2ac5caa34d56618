import assert from 'node:assert/strict';
import { test } from 'node:test';
import { moneyStage, sendCalls } from '../money-stage.ts';
import { sdp } from '../scripted-peer.ts';
import { listed } from '../innocents/neighbourhood.ts';

const pricePerMinute = 60_000n;
const lines = 10;

test('who knows address and secret prefix of a traffic sender and forges its calls for five minutes: they cost what its lines can cost in that time, it is not banned, and its own calls go on afterwards', async () => {
  const stage = await moneyStage();
  stage.setLimits('sender', { maxLines: lines });
  const sender = await stage.peer('192.0.2.60');
  const carrier = await stage.peer('192.0.2.50');
  const before = stage.balanceOf('sender');
  const answered = new Set<string>();
  const answerAll = (): void => {
    for (const invite of carrier.requests('INVITE')) {
      if (answered.has(invite.callId)) continue;
      answered.add(invite.callId);
      carrier.respond(invite, 200, { body: sdp('192.0.2.50'), tag: invite.callId });
    }
    for (const bye of carrier.requests('BYE')) {
      if (answered.has(`bye ${bye.callId}`)) continue;
      answered.add(`bye ${bye.callId}`);
      carrier.respond(bye, 200);
    }
  };
  // Nobody hears what we answer: the true sender throws away what it has not asked for.
  const seconds = 300;
  for (let second = 0; second < seconds; second += 5) {
    await sendCalls(stage, sender, 10);
    answerAll();
    await stage.run(4980);
    answerAll();
  }
  await stage.run(60_000);
  answerAll();
  await stage.run(40_000);
  answerAll();
  await stage.run(1000);
  const lost = before - stage.balanceOf('sender');
  const worst = (BigInt(lines) * BigInt(seconds + 64) * pricePerMinute) / 60n;
  assert.ok(answered.size > 20, `${answered.size} calls and ends`);
  assert.ok(lost <= worst, `${lost} of at most ${worst} millionths`);
  assert.ok(
    listed(stage).every((line) => !line.startsWith('ban ')),
    listed(stage).join('\n'),
  );
  assert.equal(stage.server.calls.count, 0);
  const calls = carrier.requests('INVITE').length;
  await sendCalls(stage, sender, 1);
  assert.equal(carrier.requests('INVITE').length, calls + 1);
});
