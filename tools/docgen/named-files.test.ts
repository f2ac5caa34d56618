import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';

const root = new URL('../../', import.meta.url).pathname;

/** Paths between backticks that begin with a folder of ours. */
const namedPath = /`((?:src|test|tools|bench|docs|bin)\/[\w./*-]+)`/g;

/** Rows of a table as lists of their cells, without its head. */
function rowsOf(table: string): readonly (readonly string[])[] {
  const rows = table.split('\n').filter((line) => line.startsWith('| '));
  return rows.slice(2).map((row) => row.split(' | ').map((cell) => cell.replace(/^\| | \|$/g, '')));
}

const bareName = /`([\w.*-]+\.ts)`/g;

describe('the table of RFCs', () => {
  const text = readFileSync(`${root}docs/rfc.md`, 'utf8');
  const [implemented = ''] = text.split('\n## ');
  for (const [section = '', , where = '', proof = '', ...more] of rowsOf(implemented)) {
    test(`${section}: its code and its test are there`, () => {
      assert.deepEqual([more, where === '', proof === ''], [[], false, false], 'four cells, none empty');
      const paths = [...where.matchAll(namedPath)].map(([, path = '']) => path);
      for (const [, name = ''] of [...where.matchAll(bareName), ...proof.matchAll(bareName)]) {
        const [first = ''] = paths;
        const beside = globSync(`${first.replace(/\/[^/]*$/, '')}/${name}`, { cwd: root });
        const anywhere = globSync([`src/**/${name}`, `test/**/${name}`], { cwd: root });
        assert.ok(beside.length + anywhere.length > 0, `there is no ${name}`);
      }
      if (!proof.includes('beside')) return;
      const folders = paths.map((path) => (path.endsWith('.ts') ? path.replace(/\/[^/]*$/, '') : path));
      const tests = folders.flatMap((folder) => globSync(`${folder}/*.test.ts`, { cwd: root }));
      assert.ok(tests.length > 0, `no test lies beside ${where}`);
    });
  }
});

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
