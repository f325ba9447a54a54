import type { Result } from '../result.ts';

const columns = [
  ['fault', ({ scenario }: Result) => scenario],
  ['rounds', ({ rounds }: Result) => rounds],
  ['operations', ({ operations }: Result) => operations],
  ['acked', ({ acknowledged }: Result) => acknowledged],
  ['delivered', ({ delivered }: Result) => delivered],
  ['lost', ({ lost }: Result) => lost],
  ['duplicated', ({ duplicated }: Result) => duplicated],
  ['reordered', ({ reordered }: Result) => reordered],
  ['unrecovered (told)', ({ unrecovered }: Result) => unrecovered],
  [
    'converged in ms',
    ({ convergedIn }: Result) => `${middle(convergedIn)} (max ${Math.max(...convergedIn)})`,
  ],
  ['violations', ({ counts }: Result) => Object.values(counts).reduce((sum, count) => sum + count, 0)],
] as const;

/** What each fault did, one line each. */
export function table(results: readonly Result[]): string {
  const rows = [
    columns.map(([title]): string => title),
    ...results.map((result) => columns.map(([, value]) => String(value(result)))),
  ];
  const widths = columns.map((_, index) => Math.max(...rows.map((row) => row[index]?.length ?? 0)));
  const pad = (cell: string, index: number): string =>
    index === 0 ? cell.padEnd(widths[index] ?? 0) : cell.padStart(widths[index] ?? 0);
  return rows.map((row) => `${row.map(pad).join('  ').trimEnd()}\n`).join('');
}

/** What was broken, the lines that show it, and how to see it again. */
export function failureText(result: Result, again: string): string {
  const lines: string[] = [];
  for (const { invariant, says, message, slice } of result.broken) {
    lines.push(
      `${result.scenario} broke invariant ${invariant} ${result.counts[invariant]} times: ${says}`,
      `  ${message}`,
      ...slice.map((line) => `    ${line}`),
    );
  }
  return [...lines, `  again: ${again}`, ''].join('\n');
}

function middle(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
