import { readFileSync } from 'node:fs';

const text: string = readFileSync(new URL('../../../PROTOCOL.md', import.meta.url), 'utf8');

/** A table of PROTOCOL.md as rows of cells, without its header. */
export type Table = readonly (readonly string[])[];

/** The part of PROTOCOL.md from `## n.` to the next heading of that level. */
export function section(number: number): string {
  const start = text.indexOf(`\n## ${number}. `);
  if (start < 0) throw new Error(`PROTOCOL.md has no section ${number}`);
  const end = text.indexOf('\n## ', start + 1);
  return text.slice(start, end < 0 ? undefined : end);
}

/** The table of a section whose header begins with this cell. */
export function table(number: number, firstHeader: string): Table {
  const lines = section(number).split('\n');
  const header = lines.findIndex((line) => line.startsWith(`| ${firstHeader} |`));
  if (header < 0) throw new Error(`PROTOCOL.md §${number} has no table that begins with ${firstHeader}`);
  const rows: string[][] = [];
  for (const line of lines.slice(header + 2)) {
    if (!line.startsWith('|')) break;
    rows.push(
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    );
  }
  return rows;
}

/** Every `code` of a cell or paragraph. */
export function codes(markdown: string): string[] {
  return [...markdown.matchAll(/`([^`]+)`/gu)].map((match) => match[1] ?? '');
}

/** The first code of a cell, without its back quotes; empty for an empty cell. */
export function code(cell: string | undefined): string {
  return codes(cell ?? '')[0] ?? '';
}

/** Fields of a frame as its row spells them: `` `channel`, `since`? `` → channel (required), since (optional). */
export function fields(cell: string | undefined): Map<string, 'required' | 'optional'> {
  const found = [...(cell ?? '').matchAll(/`([^`]+)`(\?)?/gu)];
  return new Map(found.map(([, name, mark]) => [name ?? '', mark === '?' ? 'optional' : 'required']));
}
