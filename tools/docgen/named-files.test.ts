import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';

const root = new URL('../../', import.meta.url).pathname;

/** Paths between backticks that begin with a folder of ours. */
const namedPath = /`((?:src|test|tools|bench|docs|bin)\/[\w./*-]+)`/g;

describe('documents name files that exist', () => {
  for (const page of globSync(['README.md', 'docs/*.md', 'docs/manual/*.md'], { cwd: root })) {
    test(page, () => {
      const text = readFileSync(`${root}${page}`, 'utf8');
      for (const [, path = ''] of text.matchAll(namedPath)) {
        assert.ok(globSync(path, { cwd: root }).length > 0, `${page} names ${path}, which is not there`);
      }
    });
  }
});
