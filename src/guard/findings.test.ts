import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FindingCounts, findingOf } from './findings.ts';

const remote = { address: '192.0.2.66', port: 5060 };

test('every finding is counted by its kind', () => {
  const findings = new FindingCounts();
  findings.observe(findingOf('malformed', { transport: 'udp', remote }));
  findings.observe(findingOf('malformed', { transport: 'udp', remote }));
  findings.observe(findingOf('honeypot', { transport: 'udp', remote }, { user: '99' }));
  assert.deepEqual([findings.counts.malformed, findings.counts.honeypot, findings.counts.challenged], [2, 1, 0]);
});

test('a connection proves its source whatever the observer knows, a datagram only what the observer says', () => {
  assert.equal(findingOf('malformed', { transport: 'tcp', remote }).evidence, 'connection');
  assert.equal(findingOf('malformed', { transport: 'udp', remote }).evidence, 'none');
  assert.equal(findingOf('wrong password', { transport: 'udp', remote }, { evidence: 'nonce' }).evidence, 'nonce');
});
