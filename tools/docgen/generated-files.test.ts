import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { generatedFiles } from './generated-files.ts';

describe('generated documents', () => {
  for (const { path, text } of generatedFiles()) {
    it(`${path} is what the source says; run \`npm run docs\` when it is not`, () => {
      assert.equal(readFileSync(join(import.meta.dirname, '..', '..', path), 'utf8'), text);
    });
  }
});
