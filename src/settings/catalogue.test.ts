import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { areas, catalogue } from './catalogue.ts';
import { namesOutsideCatalogue } from './known-names.ts';
import { foldName, keyOfId } from './names.ts';
import { profileNames, profileValue, profileValues } from './profiles.ts';

/** Ids that name two things give two keys. */
const idsOfTwo: ReadonlySet<string> = new Set(['misc.udp-port-tcp-port-sip', 'media.start-rtp-port-end-rtp-port']);

describe('catalogue of settings', () => {
  it('declares each setting once', () => {
    const keys = Object.values(areas).flatMap((settings) => Object.keys(settings));
    assert.deepEqual(keys.toSorted(), [...new Set(keys)].toSorted());
  });

  it('names each setting by the tail of its requirement id', () => {
    for (const { key, id } of catalogue) if (!idsOfTwo.has(id)) assert.equal(key, keyOfId(id));
  });

  it('gives no spelling to two settings', () => {
    const spellings = catalogue.flatMap(({ key, aliases }) => [...new Set([key, ...(aliases ?? [])].map(foldName))]);
    assert.deepEqual(spellings.toSorted(), [...new Set(spellings)].toSorted());
  });

  it('has no name that is also on the list of names without effect', () => {
    const here = new Set(catalogue.flatMap(({ key, id, aliases }) => [key, id, ...(aliases ?? []).map(foldName)]));
    const outside = Object.values(namesOutsideCatalogue).flatMap((rows) =>
      rows.flatMap(([id, ...more]) => [id, keyOfId(id), ...more.map(foldName)]),
    );
    assert.deepEqual(
      outside.filter((name) => here.has(name)),
      [],
    );
  });

  it('says why a default departs from the requirements, and only then', () => {
    for (const { key, seeds, reason } of catalogue) assert.equal(reason !== undefined, seeds !== undefined, key);
  });

  it('has a text of whole sentences for each setting, and a reason to exist for those of our own', () => {
    for (const { key, id, text } of catalogue) {
      assert.match(text, /^[A-Z].*\.$/, key);
      if (id.startsWith('own.')) assert.ok(text.length > 80, key);
    }
  });

  it('reads back the text of every value that it names', () => {
    for (const spec of catalogue) {
      const values = profileNames.map((name) => profileValue(spec, name) ?? spec.default);
      for (const value of values) {
        const parsed = spec.parse(spec.format(value));
        assert.ok(parsed.ok, `${spec.key}: ${spec.format(value)}`);
        assert.deepEqual(parsed.value, value);
      }
    }
  });
});

describe('profiles', () => {
  it('gives frozen values that differ only where the catalogue says so', () => {
    assert.ok(Object.isFrozen(profileValues('default')));
    assert.equal(profileValues('default').checkrtpaddr, 2);
    assert.equal(profileValues('seeds').checkrtpaddr, 0);
    assert.equal(profileValues('seeds').ring_timeout, 120);
    assert.equal(profileValues('hardened').minpwdlength, 12);
    assert.equal(profileValues('stress_test')['mode.maxlines'], 'off');
  });
});
