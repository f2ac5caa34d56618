import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadSettings } from './load-settings.ts';
import type { LoadedSettings } from './loaded-settings.ts';

function loaded(commandLine: readonly string[], environment: Record<string, string> = {}): LoadedSettings {
  const result = loadSettings({ stored: [], environment, commandLine, nowMs: 5 });
  assert.ok(result.ok);
  return result.value;
}

test('the profile gives its values where nobody has said another, and is named as who set them', () => {
  const settings = loaded(['profile=hardened', 'max_forks=7']);
  assert.equal(settings.current.minpwdlength, 12);
  assert.deepEqual(settings.origin('minpwdlength'), { source: 'profile', by: 'hardened', atMs: 5 });
  assert.deepEqual([settings.current.max_forks, settings.origin('max_forks').source], [7, 'command line']);
  assert.equal(settings.origin('ring_timeout').source, 'default');
  const explained = settings.explain('minpwdlength');
  assert.match(explained.ok ? explained.value : '', /set by profile hardened/);
});

test('a profile that is stored while the server runs holds at once, and not where somebody has set a value', () => {
  const settings = loaded(['max_forks=7']);
  const heard: string[] = [];
  settings.onChange((key) => heard.push(key));
  const applied = settings.apply({ key: 'profile', value: 'stress_test', by: 'anna', atMs: 9 });
  assert.ok(applied.ok);
  assert.equal(settings.current['mode.maxlines'], 'off');
  assert.deepEqual(settings.origin('mode.maxlines'), { source: 'profile', by: 'stress_test', atMs: 9 });
  assert.ok(heard.includes('profile') && heard.includes('mode.maxlines'));
  settings.remove('profile');
  assert.equal(settings.current['mode.maxlines'], 'enforce');
});

test('each rule has a mode, also written with _ for the dot in the environment', () => {
  const settings = loaded([], { RINGFENCE_MODE_MAXLINES: 'observe' });
  assert.equal(settings.current['mode.maxlines'], 'observe');
  assert.equal(settings.origin('mode.maxlines').by, 'RINGFENCE_MODE_MAXLINES');
  const wrong = loadSettings({ stored: [], environment: {}, commandLine: ['mode.maxlines=maybe'], nowMs: 0 });
  assert.match(wrong.ok ? '' : (wrong.error[0]?.message ?? ''), /mode\.maxlines: 'maybe' is refused; allowed: enforce/);
});
