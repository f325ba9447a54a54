import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { throttle } from '../src/rate/index.ts';
import { createVirtualEnv } from './support/virtual-env.ts';

function create(every = 100, takes = 0) {
  const env = createVirtualEnv();
  const runs: { readonly value: number; readonly at: number }[] = [];
  const call = throttle(
    (value: number) => {
      runs.push({ value, at: env.monotonic() });
      if (value < 0) throw new Error(`no ${value}`);
      if (takes === 0) return value;
      return new Promise<number>((resolve) => void env.timer(takes, () => resolve(value)));
    },
    { every, env },
  );
  return { env, runs, call };
}

describe('throttle', () => {
  it('runs the first at once, then the newest, and the last in any case', async () => {
    const { env, runs, call } = create();
    for (const value of [1, 2, 3]) void call(value);
    expect(runs).toEqual([{ value: 1, at: 0 }]);
    await env.advance(99);
    void call(4);
    expect(runs).toHaveLength(1);
    await env.advance(1);
    expect(runs.at(-1)).toEqual({ value: 4, at: 100 });
    await env.advance(150);
    void call(5);
    expect(runs.at(-1)).toEqual({ value: 5, at: 250 });
    await env.advance(1000);
    expect(runs).toHaveLength(3);
    expect(env.pending()).toBe(0);
  });

  it('gives those whose arguments were replaced the outcome of the run in their place', async () => {
    const { env, call } = create();
    const outcomes = Promise.all([1, 2, 3].map((value) => call(value)));
    await env.advance(100);
    expect(await outcomes).toEqual([1, 3, 3]);
  });

  it('never runs two at a time: what is slow is not piled upon', async () => {
    const { env, runs, call } = create(100, 350);
    void call(1);
    for (let at = 0; at < 20; at += 1) {
      await env.advance(20);
      void call(at);
    }
    await env.advance(1000);
    expect(runs.map(({ at }) => at)).toEqual([0, 350, 700]);
    expect(runs.at(-1)?.value).toBe(19);
  });

  it('rejects with what the run threw, and goes on', async () => {
    const { env, runs, call } = create();
    await expect(call(-1)).rejects.toThrow('no -1');
    const second = call(2);
    await env.advance(100);
    expect(await second).toBe(2);
    expect(runs).toHaveLength(2);
  });

  it('runs what waits at once when it is flushed, and nothing where nothing waits', async () => {
    const { env, runs, call } = create();
    expect(call.flush()).toBeUndefined();
    void call(1);
    void call(2);
    expect(await call.flush()).toBe(2);
    expect(call.flush()).toBeUndefined();
    void call(3);
    await env.advance(99);
    expect(runs).toHaveLength(2);
    await env.advance(1);
    expect(runs.at(-1)).toEqual({ value: 3, at: 100 });
  });

  it.each([0, -1, Number.NaN, Infinity])('refuses to run every %d ms', (every) => {
    expect(() => throttle(() => undefined, { every })).toThrow(
      'every: expected a number of milliseconds above 0',
    );
  });

  it('keeps its rate, its order and its last value for every sequence of calls', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(0, 1, 30, 99, 100, 101, 500), { maxLength: 40 }),
        fc.constantFrom(0, 10, 250),
        async (waits, takes) => {
          const { env, runs, call } = create(100, takes);
          const settled: number[] = [];
          for (const [index, wait] of waits.entries()) {
            void call(index).then((value) => settled.push(value));
            await env.advance(wait);
          }
          await env.advance(1000);
          expect(settled).toHaveLength(waits.length);
          expect(env.pending()).toBe(0);
          if (waits.length === 0) return;
          expect(runs[0]).toEqual({ value: 0, at: 0 });
          expect(runs.at(-1)?.value).toBe(waits.length - 1);
          for (const [index, { value, at }] of runs.entries()) {
            const before = runs[index - 1];
            if (before === undefined) continue;
            expect(at - before.at).toBeGreaterThanOrEqual(Math.max(100, takes));
            expect(value).toBeGreaterThan(before.value);
          }
        },
      ),
    );
  });
});
