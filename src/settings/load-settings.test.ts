import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadSettings, type SettingSources } from './load-settings.ts';
import type { LoadedSettings } from './loaded-settings.ts';

const nowMs = Date.UTC(2026, 0, 1);
const none: SettingSources = { stored: [], environment: {}, commandLine: [], nowMs };

function loaded(sources: Partial<SettingSources>): LoadedSettings {
  const result = loadSettings({ ...none, ...sources });
  assert.ok(result.ok, result.ok ? '' : result.error.map(({ message }) => message).join('\n'));
  return result.value;
}

function refusals(sources: Partial<SettingSources>): readonly string[] {
  const result = loadSettings({ ...none, ...sources });
  assert.ok(!result.ok);
  return result.error.map(({ message }) => message);
}

const file = (text: string): Partial<SettingSources> => ({ file: { path: 'r.yaml', text } });
const stored = (key: string, value: string): SettingSources['stored'][number] => ({ key, value, by: 'anna', atMs: 5 });

describe('sources of settings', () => {
  it('start with the defaults', () => {
    const settings = loaded({});
    assert.equal(settings.current.ring_timeout, 120);
    assert.equal(settings.origin('ring_timeout').source, 'default');
  });

  it('a later source wins over an earlier one, and each says who set it and when', () => {
    const sources = {
      ...file('settings:\n  ring_timeout: 10\n'),
      stored: [stored('ring_timeout', '20')],
      environment: { RINGFENCE_RING_TIMEOUT: '30' },
      commandLine: ['ring_timeout=40'],
    };
    const all = loaded(sources);
    assert.equal(all.current.ring_timeout, 40);
    assert.deepEqual(all.origin('ring_timeout'), { source: 'command line', by: '--set', atMs: nowMs });

    const withEnvironment = loaded({ ...sources, commandLine: [] });
    assert.equal(withEnvironment.current.ring_timeout, 30);
    assert.equal(withEnvironment.origin('ring_timeout').by, 'RINGFENCE_RING_TIMEOUT');

    const withStored = loaded({ ...sources, commandLine: [], environment: {} });
    assert.equal(withStored.current.ring_timeout, 20);
    assert.deepEqual(withStored.origin('ring_timeout'), { source: 'stored', by: 'anna', atMs: 5 });

    const withFile = loaded(file('settings:\n  ring_timeout: 10\n'));
    assert.equal(withFile.current.ring_timeout, 10);
    assert.deepEqual(withFile.origin('ring_timeout'), { source: 'file', by: 'r.yaml:2', atMs: nowMs });
  });

  it('reads scalars of the file as they are written, whatever YAML would make of them', () => {
    const { current } = loaded(
      file(
        'settings:\n  international_prefix: 011\n  allow_guest: yes\n  media_networks: [10.10.0.0/16, 10.20.0.0/16]\n',
      ),
    );
    assert.equal(current.international_prefix, '011');
    assert.equal(current.allow_guest, true);
    assert.deepEqual(current.media_networks, ['10.10.0.0/16', '10.20.0.0/16']);
  });

  const empty = ['', '# nothing\n', 'settings:\n', 'settings:\n  # ring_timeout: 5\n', 'settings: {}\n'];
  for (const text of empty) {
    it(`takes the file ${JSON.stringify(text)} as one that changes nothing`, () => {
      assert.equal(loaded(file(text)).current.ring_timeout, 120);
    });
  }

  it('leaves variables of others alone, and those that are said to be no settings', () => {
    const environment = { PATH: '/bin', RINGFENCE_DATA: '/data', RINGFENCE_UDP_PORT: undefined };
    assert.equal(loaded({ environment, environmentWithout: ['RINGFENCE_DATA'] }).current.udp_port, 5060);
  });

  it('takes the last of several --set of the same name', () => {
    assert.equal(loaded({ commandLine: ['ring_timeout=1', 'RING-TIMEOUT=2'] }).current.ring_timeout, 2);
  });

  it('gives frozen snapshots', () => {
    assert.ok(Object.isFrozen(loaded({}).current));
    assert.ok(Object.isFrozen(loaded({ commandLine: ['listen=::1'] }).current.listen));
  });

  const refused = [
    [file('settings:\n  ring_timout: 5\n'), /^r\.yaml:2: there is no setting 'ring_timout'; .*'ring_timeout'/],
    [file('settings:\n  forcetls: 1\n'), /^r\.yaml:2: 'forcetls' is known, but not in effect/],
    [
      file('settings:\n\n  ring_timeout: soon\n'),
      /^r\.yaml:3: ring_timeout: 'soon' is refused; allowed: whole seconds/,
    ],
    [file('settings:\n  udp_port: 5\n  UDP Port: 6\n'), /^r\.yaml:3: udp_port is set twice, also at r\.yaml:2/],
    [file('settings:\n  udp_port: 5\n  udp_port: 6\n'), /^r\.yaml:3: /],
    [file('users:\n  - anna\n'), /^r\.yaml:1: only the entry 'settings' belongs here, not 'users'/],
    [file('- ring_timeout\n'), /must be a map/],
    [file('settings: 5\n'), /^r\.yaml:1: 'settings' must be a map/],
    [file('settings:\n  listen: {a: b}\n'), /^r\.yaml:2: a setting is written as/],
    [file('settings:\n  ring_timeout: &a 5\n  call_timeout: *a\n'), /^r\.yaml:3: a setting is written as/],
    [file('settings:\n  ring_timeout: "5\n'), /^r\.yaml:\d: /],
    [file('#'.repeat(1_000_001)), /larger than/],
    [{ environment: { RINGFENCE_RING_TIMOUT: '5' } }, /^RINGFENCE_RING_TIMOUT: there is no setting/],
    [{ environment: { RINGFENCE_UDP_PORT: '' } }, /^RINGFENCE_UDP_PORT: udp_port: an empty value is refused/],
    [{ commandLine: ['ring_timeout'] }, /write it as name=value/],
    [{ commandLine: ['maxlines=3'] }, /^--set: 'maxlines' is a field of each user/],
    [{ stored: [stored('gone', '1')] }, /^stored by anna: there is no setting 'gone'/],
    [{ commandLine: ['udp_port=15000'] }, /inside the RTP range/],
  ] as const;
  for (const [sources, message] of refused) {
    it(`refuses ${JSON.stringify(sources).slice(0, 70)}`, () => {
      assert.match(refusals(sources)[0] ?? '', message);
    });
  }

  it('names every fault of every source at once', () => {
    const environment = { RINGFENCE_X: '1' };
    assert.equal(refusals({ ...file('settings:\n  a: 1\n  b: 2\n'), environment, commandLine: ['c'] }).length, 4);
  });
});
