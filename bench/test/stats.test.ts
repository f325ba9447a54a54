import { describe, expect, test } from 'vitest';
import { quantile, ratios, summarize } from '../report/stats.ts';
import { count, formatTable, spread } from '../report/table.ts';

describe('quantile', () => {
  test('takes the middle of an odd number and the mean of the two middles of an even one', () => {
    expect(quantile([30, 10, 20], 0.5)).toBe(20);
    expect(quantile([4, 1, 3, 2], 0.5)).toBe(2.5);
  });

  test('sorts by value and leaves its input as it was', () => {
    const values = [10, 9, 100];
    expect(quantile(values, 1)).toBe(100);
    expect(values).toEqual([10, 9, 100]);
  });

  test('is not a number where there is nothing', () => {
    expect(quantile([], 0.5)).toBeNaN();
  });
});

test('a summary is the median and both ends', () => {
  expect(summarize([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3 });
});

test('ratios compare within a round and leave out rounds without the reference', () => {
  const samples = [
    { round: 1, peer: 'ws', value: 100 },
    { round: 1, peer: 'thrum', value: 150 },
    { round: 2, peer: 'thrum', value: 90 },
    { round: 2, peer: 'ws', value: 45 },
    { round: 3, peer: 'thrum', value: 1 },
  ];
  expect(ratios(samples, 'thrum', 'ws', ({ value }) => value)).toEqual([1.5, 2]);
});

describe('the table', () => {
  test('aligns names to the left and figures to the right', () => {
    const rows = [
      ['ws', '1'],
      ['socket.io', '12345'],
    ];
    expect(formatTable({ title: 'T', columns: ['peer', 'n'], rows }).split('\n')).toEqual([
      'T',
      '',
      'peer           n',
      '---------  -----',
      'ws             1',
      'socket.io  12345',
      '',
    ]);
  });

  test('writes counts with three digits', () => {
    expect([7, 999, 1234, 61_849, 106_400, 4_020_000, Number.NaN].map(count)).toEqual([
      '7',
      '999',
      '1.23 k',
      '61.8 k',
      '106 k',
      '4.02 M',
      '-',
    ]);
  });

  test('leaves out a spread that is none', () => {
    expect(spread({ median: 2, min: 1, max: 3 }, String)).toBe('2 (1–3)');
    expect(spread({ median: 2, min: 2, max: 2 }, String)).toBe('2');
  });
});
