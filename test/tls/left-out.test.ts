import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { namesOutsideCatalogue } from '../../src/settings/known-names.ts';

/** Settings of encryption that this version does not have, and why; whoever sets one is told so, and nothing is taken. */
const leftOut = [
  { id: 'tls.usetlsforweb', why: 'there is no web portal; the page of metrics is on loopback only' },
  { id: 'tls.usetlsforall', why: 'it switches on four services of which only SIP over TLS is there' },
  { id: 'tls.forcetls', why: 'it rewrites addresses of a web portal' },
  { id: 'tls.srtp-extension', why: 'media is relayed as it is' },
  { id: 'tls.https-port', why: 'there is no web portal, and secure WebSocket has a port of its own, wss_port' },
] as const;

describe('a setting of encryption that has no effect is refused by its name, not taken in silence', () => {
  const known = Object.values(namesOutsideCatalogue).flat();
  for (const { id, why } of leftOut) {
    test(`${id}: ${why}`, () => {
      assert.ok(known.some(([name]) => name === id));
    });
  }
});
