import type { Summary } from './stats.ts';

/** One bar: the median, with a line from the least to the most. */
interface Bar {
  readonly label: string;
  readonly summary: Summary;
  /** Stands out from the others. */
  readonly isOurs: boolean;
}

export interface Plot {
  /** Of its file, without `.svg`. */
  readonly name: string;
  readonly title: string;
  /** What the bars measure, its unit, and which end is the good one. */
  readonly axis: string;
  readonly bars: readonly Bar[];
  readonly format: (value: number) => string;
}

const width = 760;
const left = 160;
/** Beside the longest bar, for its figure. */
const right = 150;
const top = 64;
const rowHeight = 30;
const barHeight = 16;
const whiskerHeight = 8;
const bottom = 34;
/** Lines of the grid, at most. */
const gridLines = 5;

// Readable on both grounds; the colours differ in lightness too, for eyes and printers that see no hue.
// The ground is drawn, because a page may be dark where the system is light, and an image cannot know.
const style = `
  .ground { fill: #ffffff }
  text { font: 13px system-ui, sans-serif; fill: #24292f }
  .title { font-weight: 600; font-size: 15px }
  .note, .tick { fill: #57606a; font-size: 12px }
  .grid { stroke: #d0d7de }
  .bar { fill: #8c959f }
  .ours { fill: #0a5cc2 }
  .whisker { stroke: #24292f; stroke-width: 1.5 }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #0d1117 }
    text { fill: #e6edf3 }
    .note, .tick { fill: #9198a1 }
    .grid { stroke: #3d444d }
    .bar { fill: #656c76 }
    .ours { fill: #4493f8 }
    .whisker { stroke: #e6edf3 }
  }`;

/** Horizontal bars, as a document of its own. */
export function drawSvg({ title, axis, bars, format }: Plot): string {
  const most = Math.max(
    ...bars.flatMap(({ summary }) => [summary.median, summary.max]).filter(Number.isFinite),
    0,
  );
  const ticks = tickValues(most);
  const span = width - left - right;
  const x = (value: number): number => round(left + (most === 0 ? 0 : (value / most) * span));
  const height = top + bars.length * rowHeight + bottom;
  const grid = ticks.map(
    (value) =>
      `<line class="grid" x1="${x(value)}" x2="${x(value)}" y1="${top - 6}" y2="${height - bottom + 4}"/>` +
      `<text class="tick" x="${x(value)}" y="${height - bottom + 20}" text-anchor="middle">${escape(format(value))}</text>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escape(title)}">`,
    `<style>${style}</style>`,
    `<rect class="ground" width="${width}" height="${height}"/>`,
    `<text class="title" x="12" y="24">${escape(title)}</text>`,
    `<text class="note" x="12" y="44">${escape(axis)}</text>`,
    ...grid,
    ...bars.map((bar, index) => row(bar, top + index * rowHeight, x, format)),
    '</svg>',
    '',
  ].join('\n');
}

function row(
  { label, summary, isOurs }: Bar,
  y: number,
  x: (value: number) => number,
  format: (value: number) => string,
): string {
  const { median, min, max } = summary;
  const middle = y + barHeight / 2;
  const name = `<text x="${left - 10}" y="${middle + 5}" text-anchor="end">${escape(label)}</text>`;
  if (!Number.isFinite(median))
    return `${name}<text class="note" x="${left}" y="${middle + 5}">not measured</text>`;
  const bar = `<rect class="${isOurs ? 'bar ours' : 'bar'}" x="${left}" y="${y}" width="${round(x(median) - left)}" height="${barHeight}"/>`;
  const end = (value: number): string =>
    `<line class="whisker" x1="${x(value)}" x2="${x(value)}" y1="${middle - whiskerHeight / 2}" y2="${middle + whiskerHeight / 2}"/>`;
  const whisker =
    min === max
      ? ''
      : `<line class="whisker" x1="${x(min)}" x2="${x(max)}" y1="${middle}" y2="${middle}"/>${end(min)}${end(max)}`;
  const figure = `<text x="${x(max) + 8}" y="${middle + 5}">${escape(format(median))}</text>`;
  return name + bar + whisker + figure;
}

/** Round values from 0 to `most`: 1, 2 or 5 times a power of ten apart. */
export function tickValues(most: number): readonly number[] {
  if (!(most > 0)) return [0];
  const rough = most / gridLines;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough) ?? power;
  return Array.from({ length: Math.floor(most / step + 1e-9) + 1 }, (_, index) => index * step);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escape(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
