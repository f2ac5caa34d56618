import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { catalogue } from './catalogue.ts';
import { loadSettings } from './load-settings.ts';
import { manualPage, sampleConfiguration } from './manual.ts';

describe('documents of the settings', () => {
  it('the sample changes nothing, and with every line taken into use it still does not', () => {
    const inUse = sampleConfiguration().replaceAll(/^ {2}# ([a-z_.]+): (.*)$/gm, (line, key: string, value: string) =>
      catalogue.some((spec) => spec.key === key) ? `  ${key}: ${value}` : line,
    );
    for (const text of [sampleConfiguration(), inUse]) {
      const file = { path: 'sample', text };
      const result = loadSettings({ file, stored: [], environment: {}, commandLine: [], nowMs: 0 });
      assert.ok(result.ok, result.ok ? '' : String(result.error[0]?.message));
      for (const spec of catalogue) assert.deepEqual(result.value.current[spec.key], spec.default);
      const sources = new Set(result.value.list().map(({ origin }) => origin.source));
      assert.deepEqual([...sources], [text === inUse ? 'file' : 'default']);
    }
  });

  it('the manual has every setting, its values, and each departure from the requirements', () => {
    const page = manualPage();
    for (const spec of catalogue) {
      assert.ok(page.includes(`### \`${spec.key}\`\n\n${spec.text}\n`), spec.key);
      if (spec.reason !== undefined) assert.ok(page.includes(`| ${spec.reason} |`), spec.key);
    }
  });
});
