import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PartCollector, partsOf, recordsPerPart } from './parts.ts';
import { readDocument } from './read-documents.ts';

const users = Array.from({ length: 1001 }, (_, at) => `  - name: "${at}"`);
const text = ['users:', ...users, 'tariffs:', '  - name: retail', '    prices: [{ prefix: 43, price: 0.02 }]'].join(
  '\n',
);

test('a document that was read elsewhere arrives in small parts and is whole again', () => {
  const answer = readDocument({ kind: 'import', text });
  const collector = new PartCollector();
  const taken = [];
  for (const part of partsOf(answer)) {
    if (part.kind === 'records') assert.ok((part.records.users ?? []).length <= recordsPerPart);
    taken.push(collector.take(part));
  }
  assert.deepEqual(taken.pop(), answer);
  assert.ok(taken.length >= users.length / recordsPerPart && taken.every((each) => each === undefined));
});

test('what could not be read arrives as it is', () => {
  const answer = readDocument({ kind: 'import', text: 'users: [' });
  assert.deepEqual(new PartCollector().take([...partsOf(answer)][0] ?? { kind: 'end' }), answer);
});
