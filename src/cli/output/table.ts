import { printable } from './escape.ts';

export interface Column<Row> {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** Longest text of a cell when a person looks; longer ones end with `…`. */
  readonly max?: number;
  readonly cell: (row: Row) => string;
}

export interface TableStyle {
  /** A person looks at a terminal: long cells are cut. */
  readonly cut: boolean;
  readonly heading: (text: string) => string;
}

const gap = '  ';

/** Rows under their titles, one a line, in columns. Cells may hold anything: they are made printable here. */
export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[], style: TableStyle): string {
  const cells = rows.map((row) => columns.map((column) => cellText(column, row, style)));
  const widths = columns.map((column, at) =>
    Math.max(width(column.title), ...cells.map((line) => width(line[at] ?? ''))),
  );
  const layOut = (line: readonly string[]): string => {
    const padded = columns.map(({ align }, at) => pad(line[at] ?? '', widths[at] ?? 0, align ?? 'left'));
    return padded.join(gap).trimEnd();
  };
  const head = style.heading(layOut(columns.map(({ title }) => title)));
  return `${[head, ...cells.map(layOut)].join('\n')}\n`;
}

function cellText<Row>(column: Column<Row>, row: Row, style: TableStyle): string {
  const text = printable(column.cell(row));
  const shown = text === '' ? '-' : text;
  if (!style.cut || column.max === undefined || width(shown) <= column.max) return shown;
  return `${Array.from(shown)
    .slice(0, column.max - 1)
    .join('')}…`;
}

function pad(text: string, to: number, align: 'left' | 'right'): string {
  const space = ' '.repeat(Math.max(0, to - width(text)));
  return align === 'left' ? text + space : space + text;
}

function width(text: string): number {
  return Array.from(text).length;
}
