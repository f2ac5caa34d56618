import assert from 'node:assert/strict';
import { createSecretKey } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { SimulatedClock } from '../../../test/kit/simulated-clock.ts';
import { NonceMint, type NonceSource } from './nonce.ts';
import { NonceCount } from './nonce-count.ts';

const key = createSecretKey(Buffer.alloc(32, 7));
const lifetimeMs = 60_000;
const source: NonceSource = { transport: 'udp', address: '192.0.2.1', port: 5060 };

function mintOf(clock: SimulatedClock, bootId = 'boot-1', secret = key): NonceMint {
  return new NonceMint(secret, bootId, clock, { lifetimeMs });
}

describe('nonces', () => {
  it('a nonce is valid for its source until its lifetime is over', () => {
    const clock = new SimulatedClock();
    const mint = mintOf(clock);
    clock.advance(123_456);
    const nonce = mint.mint(source);
    assert.equal(mint.check(nonce, source), 'valid');
    clock.advance(lifetimeMs);
    assert.equal(mint.check(nonce, source), 'valid');
    clock.advance(1);
    assert.equal(mint.check(nonce, source), 'expired');
  });

  const others: readonly { readonly name: string; readonly source: NonceSource }[] = [
    { name: 'another address', source: { ...source, address: '192.0.2.2' } },
    { name: 'another port', source: { ...source, port: 5061 } },
    { name: 'another transport', source: { ...source, transport: 'tcp' } },
    { name: 'a port that continues the address', source: { ...source, address: '192.0.2.15', port: 60 } },
  ];
  for (const { name, source: other } of others) {
    it(`a nonce that comes back from ${name} is foreign`, () => {
      const mint = mintOf(new SimulatedClock());
      assert.equal(mint.check(mint.mint(source), other), 'foreign');
    });
  }

  it('a nonce of another boot or of another key is foreign', () => {
    const clock = new SimulatedClock();
    const nonce = mintOf(clock).mint(source);
    assert.equal(mintOf(clock, 'boot-2').check(nonce, source), 'foreign');
    assert.equal(mintOf(clock, 'boot-1', createSecretKey(Buffer.alloc(32, 8))).check(nonce, source), 'foreign');
  });

  it('no changed nonce is valid, whatever the change', () => {
    const mint = mintOf(new SimulatedClock());
    const nonce = mint.mint(source);
    fc.assert(
      fc.property(fc.nat(nonce.length), fc.string({ maxLength: 3 }), fc.nat(3), (at, inserted, removed) => {
        const changed = nonce.slice(0, at) + inserted + nonce.slice(at + removed);
        return changed === nonce || mint.check(changed, source) === 'foreign';
      }),
    );
    assert.equal(mint.check('', source), 'foreign');
    assert.equal(mint.check('x'.repeat(100_000), source), 'foreign');
  });

  it('two challenges of one instant to one source have different nonces', () => {
    const mint = mintOf(new SimulatedClock());
    assert.notEqual(mint.mint(source), mint.mint(source));
  });

  it('a nonce stands in quotes without any escape', () => {
    assert.match(mintOf(new SimulatedClock()).mint(source), /^[A-Za-z0-9_.-]{16,40}$/);
  });
});

describe('nonce counts', () => {
  it('a count is accepted once and must rise from then on', () => {
    const nonce = mintOf(new SimulatedClock()).mint(source);
    const counts = new NonceCount(10);
    const steps: readonly [number, string][] = [
      [1, 'fresh'],
      [1, 'replayed'],
      [2, 'fresh'],
      [1, 'replayed'],
      [9, 'fresh'],
      [8, 'replayed'],
      [0xffffffff, 'fresh'],
      [0xffffffff, 'replayed'],
    ];
    for (const [count, expected] of steps) assert.equal(counts.take({ nonce, nc: count }), expected, `nc ${count}`);
  });

  it('an answer without qop uses its nonce up, and needs one that was never used', () => {
    const mint = mintOf(new SimulatedClock());
    const counts = new NonceCount(10);
    const once = mint.mint(source);
    assert.equal(counts.take({ nonce: once, nc: undefined }), 'fresh');
    assert.equal(counts.take({ nonce: once, nc: undefined }), 'replayed');
    assert.equal(counts.take({ nonce: once, nc: 5 }), 'replayed');
    const counted = mint.mint(source);
    assert.equal(counts.take({ nonce: counted, nc: 1 }), 'fresh');
    assert.equal(counts.take({ nonce: counted, nc: undefined }), 'replayed');
  });

  it('what had to be forgotten is refused, not accepted again', () => {
    const mint = mintOf(new SimulatedClock());
    const counts = new NonceCount(3);
    const nonces = Array.from({ length: 5 }, () => mint.mint(source));
    for (const nonce of nonces) assert.equal(counts.take({ nonce, nc: 1 }), 'fresh');
    for (const nonce of nonces) assert.equal(counts.take({ nonce, nc: 1 }), 'replayed');
    assert.equal(counts.take({ nonce: mint.mint(source), nc: 1 }), 'fresh');
  });

  it('no pair of nonce and count is ever fresh twice, however small the memory', () => {
    const step = fc.record({ which: fc.nat(19), count: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }) });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.array(step, { maxLength: 200 }), (size, steps) => {
        const mint = mintOf(new SimulatedClock());
        const nonces = Array.from({ length: 20 }, () => mint.mint(source));
        const counts = new NonceCount(size);
        const seen = new Set<string>();
        for (const { which, count } of steps) {
          if (counts.take({ nonce: nonces[which] ?? '', nc: count }) !== 'fresh') continue;
          assert.equal(seen.has(`${which} ${count}`), false);
          seen.add(`${which} ${count}`);
        }
      }),
    );
  });
});
