import { describe, expect, test } from 'vitest';
import { dueBy } from '../load/loop.ts';

const start = 1000n;

describe('a closed loop', () => {
  const due = dueBy({ inFlight: 4 });

  test('asks for as many as have landed, all at this moment', () => {
    expect(due({ published: 0, landed: 0, start, at: 7n })).toEqual([7n, 7n, 7n, 7n]);
    expect(due({ published: 10, landed: 7, start, at: 9n })).toEqual([9n]);
    expect(due({ published: 10, landed: 6, start, at: 9n })).toEqual([]);
  });
});

describe('an open loop', () => {
  const due = dueBy({ rate: 1000 });
  const at = (milliseconds: number): bigint => start + BigInt(milliseconds * 1e6);

  test('asks at its rate, whatever has landed', () => {
    expect(due({ published: 0, landed: 0, start, at: at(0) })).toEqual([at(0)]);
    expect(due({ published: 1, landed: 0, start, at: at(0.9) })).toEqual([]);
    expect(due({ published: 1, landed: 1, start, at: at(1.1) })).toEqual([at(1)]);
  });

  test('counts from when it should have asked, when it is late itself', () => {
    expect(due({ published: 1, landed: 0, start, at: at(3.5) })).toEqual([at(1), at(2), at(3)]);
  });
});
