import type { Line, Violation } from './history.ts';

const sliceLines = 40;

/** The lines that belong to the story, up to the one at which it shows. */
export function sliceOf(history: readonly Line[], { at, about }: Violation): string[] {
  const lines: string[] = [];
  for (const [index, line] of history.entries()) {
    if (index > at) break;
    const text = JSON.stringify(line);
    const belongs = index === at || about.some((part) => text.includes(part));
    if (belongs || line.k === 'log' || line.k === 'heal') lines.push(text.slice(0, 400));
  }
  return lines.slice(-sliceLines);
}
