import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadSettings } from './load-settings.ts';
import type { LoadedSettings } from './loaded-settings.ts';

function loaded(commandLine: readonly string[] = [], environment: Record<string, string> = {}): LoadedSettings {
  const result = loadSettings({ stored: [], environment, commandLine, nowMs: 0 });
  assert.ok(result.ok);
  return result.value;
}

const override = (key: string, value: string) => ({ key, value, by: 'anna', atMs: Date.UTC(2026, 1, 2) });

describe('settings of a running server', () => {
  it('a live change replaces the snapshot, names who made it, and tells the listeners', () => {
    const settings = loaded();
    const before = settings.current;
    const heard: string[] = [];
    const stop = settings.onChange((key) => heard.push(`${key}=${settings.current.ring_timeout}`));
    const applied = settings.apply(override('Ring Timeout', '45'));
    assert.deepEqual(applied.ok && applied.value, {
      key: 'ring_timeout',
      text: '45',
      needsRestart: false,
      shadowedBy: undefined,
      warning: undefined,
    });
    assert.equal(before.ring_timeout, 120);
    assert.equal(settings.current.ring_timeout, 45);
    assert.deepEqual(settings.origin('ring_timeout'), { source: 'stored', by: 'anna', atMs: Date.UTC(2026, 1, 2) });
    stop();
    settings.apply(override('ring_timeout', '50'));
    assert.deepEqual(heard, ['ring_timeout=45']);
  });

  it('a change that needs a restart is shown as pending and holds nothing yet', () => {
    const settings = loaded();
    const applied = settings.apply(override('udp_port', '5070'));
    assert.equal(applied.ok && applied.value.needsRestart, true);
    assert.equal(settings.current.udp_port, 5060);
    assert.equal(settings.origin('udp_port').source, 'default');
    const row = settings.list().find(({ key }) => key === 'udp_port');
    assert.deepEqual([row?.value, row?.afterRestart], ['5060', '5070']);
    const back = settings.apply(override('udp_port', '5060'));
    assert.equal(back.ok && back.value.needsRestart, false);
  });

  it('says which variable or option shadows a stored override', () => {
    const settings = loaded(['ring_timeout=30'], { RINGFENCE_MAX_CALLS: '7' });
    const byOption = settings.apply(override('ring_timeout', '45'));
    assert.equal(byOption.ok && byOption.value.shadowedBy?.source, 'command line');
    assert.equal(byOption.ok && byOption.value.text, '45');
    const byVariable = settings.apply(override('max_calls', '9'));
    assert.equal(byVariable.ok && byVariable.value.shadowedBy?.by, 'RINGFENCE_MAX_CALLS');
    assert.equal(settings.current.ring_timeout, 30);
    assert.equal(settings.current.max_calls, 7);
  });

  it('refuses a wrong value, an unknown name or a conflict, and changes nothing', () => {
    const settings = loaded();
    const before = settings.current;
    for (const [key, value] of [
      ['ring_timeout', 'soon'],
      ['ring_timout', '5'],
      ['end_rtp_port', '9000'],
      ['min_registration_subscription_time_sec', '90'],
    ] as const) {
      assert.equal(settings.check(override(key, value)).ok, false);
      assert.equal(settings.apply(override(key, value)).ok, false);
    }
    assert.equal(settings.current, before);
  });

  it('checking a change does not make it', () => {
    const settings = loaded();
    assert.equal(settings.check(override('ring_timeout', '45')).ok, true);
    assert.equal(settings.current.ring_timeout, 120);
  });

  it('taking an override away brings back what was under it', () => {
    const settings = loaded();
    settings.apply(override('ring_timeout', '45'));
    assert.equal(settings.remove('RING_TIMEOUT').ok, true);
    assert.equal(settings.current.ring_timeout, 120);
    assert.equal(settings.remove('ring_timeout').ok, true);
    assert.equal(settings.remove('ring_timout').ok, false);
  });

  it('warns of a value that is allowed and seldom meant, and takes it: DYN-9 [credit.maxdyndailycredit-multiplier]', () => {
    const settings = loaded();
    const three = settings.apply(override('maxdyndailycredit_multiplier', '3'));
    assert.ok(three.ok);
    assert.match(three.value.warning ?? '', /^values below 4 are not recommended/);
    assert.match(settings.warnings().join(), /^maxdyndailycredit_multiplier: values below 4 are not recommended/);
    const explained = settings.explain('maxdyndailycredit_multiplier');
    assert.match(explained.ok ? explained.value : '', /\nwarning: values below 4/);
    const four = settings.apply(override('maxdyndailycredit_multiplier', '4'));
    assert.ok(four.ok);
    assert.equal(four.value.warning, undefined);
    assert.deepEqual(settings.warnings(), []);
  });

  it('warns of a daily limit of 1, which is an amount and no switch [credit.old-database-versions]', () => {
    const settings = loaded();
    for (const key of ['maxdailycreditforenduser', 'maxdailycreditforts'] as const) {
      const one = settings.apply(override(key, '1'));
      assert.match((one.ok && one.value.warning) || '', /stopped after 1 a day/);
      const more = settings.apply(override(key, '1.5'));
      assert.ok(more.ok && more.value.warning === undefined);
    }
  });

  it('explains a setting with its value, its origin, its default and what is allowed', () => {
    const settings = loaded();
    settings.apply(override('checkrtpaddr', '0'));
    const text = settings.explain('media.checkrtpaddr');
    assert.ok(text.ok);
    assert.match(text.value, /^checkrtpaddr \(media\.checkrtpaddr\)\n/);
    assert.match(text.value, /\nvalue: 0, set by stored anna, 2026-02-02T00:00:00\.000Z\n/);
    assert.match(text.value, /\ndefault: 2\n/);
    assert.match(text.value, /\n {2}1: the first source/);
    assert.match(text.value, /\na change holds at once$/);
    assert.equal(settings.explain('nothing').ok, false);
  });
});
