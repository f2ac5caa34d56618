import type { CreateTableBuilder, Kysely } from 'kysely';

/** Columns of a table by name; `bigint?` may be null. */
export type Columns = Readonly<Record<string, 'bigint' | 'text' | 'bigint?'>>;

/** Creates a table with types and clauses that PostgreSQL reads too. */
export async function createTable(
  db: Kysely<unknown>,
  name: string,
  key: readonly [string, ...string[]],
  columns: Columns,
): Promise<void> {
  let table: CreateTableBuilder<string, string> = db.schema.createTable(name);
  for (const [column, type] of Object.entries(columns)) {
    table = table.addColumn(column, type === 'text' ? 'text' : 'bigint', (definition) => {
      return type === 'bigint?' ? definition : definition.notNull();
    });
  }
  await table.addPrimaryKeyConstraint(`${name}_key`, [...key]).execute();
}
