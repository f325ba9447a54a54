import { describe, expect, test } from 'vitest';
import { drawSvg, type Plot, tickValues } from '../report/svg.ts';

const plot: Plot = {
  name: 'p',
  title: 'Fan-out <1 & "2">',
  axis: 'longer is better',
  format: (value) => `${value} k`,
  bars: [
    { label: 'thrum', summary: { median: 80, min: 70, max: 100 }, isOurs: true },
    { label: 'ws & co', summary: { median: 20, min: 20, max: 20 }, isOurs: false },
    { label: 'none', summary: { median: Number.NaN, min: Number.NaN, max: Number.NaN }, isOurs: false },
  ],
};

/** What opens and is not closed, or closes what is not open; and attributes that are no numbers where they should be. */
function faults(svg: string): readonly string[] {
  const open: string[] = [];
  const found: string[] = [];
  for (const [tag, closing, name = '', rest = ''] of svg.matchAll(/<(\/?)([a-z]+)([^<>]*)>/g)) {
    if (closing === '/') {
      if (open.pop() !== name) found.push(tag);
    } else if (!rest.endsWith('/')) open.push(name);
    for (const [, key, value] of rest.matchAll(/\b(x|y|x1|x2|y1|y2|width|height)="([^"]*)"/g)) {
      if (!(Number(value) >= 0)) found.push(`${key}="${value}" in ${tag}`);
    }
  }
  return [...found, ...open];
}

const attribute = (text: string, name: string): number =>
  Number(new RegExp(`\\b${name}="([^"]*)"`).exec(text)?.[1]);

describe('a plot', () => {
  const svg = drawSvg(plot);

  test('is well-formed, whatever names and figures there are', () => {
    expect(faults(svg)).toEqual([]);
    expect(faults(drawSvg({ ...plot, bars: [] }))).toEqual([]);
    expect(svg).toContain('Fan-out &lt;1 &amp; &quot;2&quot;&gt;');
    expect(svg).toContain('ws &amp; co');
    expect(svg).not.toContain('NaN');
  });

  test('draws bars in proportion, and a whisker from the least to the most where they differ', () => {
    const bars = [...svg.matchAll(/<rect class="bar[^>]*>/g)].map(([rect]) => attribute(rect, 'width'));
    expect(bars).toHaveLength(2);
    expect((bars[0] ?? 0) / (bars[1] ?? 1)).toBeCloseTo(4, 1);
    const whiskers = [...svg.matchAll(/<line class="whisker"[^>]*>/g)].map(([line]) => line);
    expect(whiskers).toHaveLength(3);
    const [span = ''] = whiskers;
    expect((attribute(span, 'x2') - attribute(span, 'x1')) / (bars[0] ?? 1)).toBeCloseTo(30 / 80, 1);
  });

  test('says so where nothing was measured', () => {
    expect(svg).toContain('not measured');
  });

  test('has colours for light and for dark', () => {
    expect(svg).toContain('prefers-color-scheme: dark');
  });
});

test('ticks are round numbers that end before the longest bar does', () => {
  expect(tickValues(100)).toEqual([0, 20, 40, 60, 80, 100]);
  expect(tickValues(6.1e6)).toEqual([0, 2e6, 4e6, 6e6]);
  expect(tickValues(0.7)).toHaveLength(4);
  expect(tickValues(0)).toEqual([0]);
});
