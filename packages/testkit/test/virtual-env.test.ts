import { describe, expect, it } from 'vitest';
import { VirtualEnv } from '../src/index.ts';

describe('the virtual env', () => {
  it('fires timers in order, each at its own moment, and those they start', async () => {
    const env = new VirtualEnv();
    const fired: [string, number][] = [];
    const note = (name: string) => () => void fired.push([name, env.monotonic()]);
    env.timer(20, note('late'));
    env.timer(10, note('early'));
    env.timer(10, () => {
      note('early too')();
      env.timer(5, note('child'));
    });
    const cancel = env.timer(12, note('never'));
    cancel();
    await env.advance(9);
    expect(fired).toEqual([]);
    await env.advance(100);
    expect(fired).toEqual([
      ['early', 10],
      ['early too', 10],
      ['child', 15],
      ['late', 20],
    ]);
    expect(env.monotonic()).toBe(109);
    expect(env.pending).toBe(0);
  });

  it('settles promises between timers', async () => {
    const env = new VirtualEnv();
    const sleep = (ms: number) => new Promise<void>((resolve) => void env.timer(ms, resolve));
    const at: number[] = [];
    const work = (async () => {
      for (let i = 0; i < 3; i += 1) {
        await sleep(10);
        at.push(env.monotonic());
      }
    })();
    await env.advance(30);
    await work;
    expect(at).toEqual([10, 20, 30]);
  });

  it('jumps the wall clock without moving time', () => {
    const env = new VirtualEnv({ now: 1000 });
    env.jump(-500);
    expect([env.now(), env.monotonic()]).toEqual([500, 0]);
  });

  it('gives the same randomness for the same seed, and ids that do not repeat', () => {
    const some = (seed: number) =>
      Array.from(
        { length: 100 },
        (() => {
          const env = new VirtualEnv({ seed });
          return () => env.random();
        })(),
      );
    expect(some(3)).toEqual(some(3));
    expect(some(3)).not.toEqual(some(4));
    const env = new VirtualEnv();
    const ids = new Set(Array.from({ length: 1000 }, () => env.id()));
    expect(ids.size).toBe(1000);
    for (const id of ids) expect(id).toMatch(/^[0-9a-z]{21}$/u);
    for (let i = 0; i < 1000; i += 1) {
      const value = env.random();
      expect(value >= 0 && value < 1).toBe(true);
    }
  });
});
