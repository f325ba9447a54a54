import type { Summary } from './stats.ts';
import type { Plot } from './svg.ts';

/** What is printed under a heading. */
export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** The figure that the table is about, for the eye. */
  readonly plot?: Plot;
}

/** Aligned columns: names to the left, figures to the right. */
export function formatTable({ title, columns, rows }: Table): string {
  const widths = columns.map((column, index) =>
    Math.max(column.length, ...rows.map((row) => row[index]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    widths
      .map((width, index) => {
        const cell = cells[index] ?? '';
        return index === 0 ? cell.padEnd(width) : cell.padStart(width);
      })
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  return [title, '', line(columns), rule, ...rows.map(line), ''].join('\n');
}

/** `106 k`, `4.02 M`: three digits tell rounds apart, more would be noise. */
export function count(value: number): string {
  if (Number.isNaN(value)) return '-';
  // From here on three digits would round up to a thousand of the smaller unit.
  if (value >= 999_500) return `${(value / 1e6).toPrecision(3)} M`;
  if (value >= 999.5) return `${(value / 1e3).toPrecision(3)} k`;
  return value.toFixed(0);
}

export function fixed(value: number, digits: number): string {
  return Number.isNaN(value) ? '-' : value.toFixed(digits);
}

export function percent(value: number): string {
  return Number.isNaN(value) ? '-' : `${(value * 100).toFixed(0)} %`;
}

/** `106 k (98.1 k–110 k)` */
export function spread({ median, min, max }: Summary, format: (value: number) => string): string {
  return min === max ? format(median) : `${format(median)} (${format(min)}–${format(max)})`;
}
