import { describe, expect, it, vi } from 'vitest';
import { createNodeEnv } from '../../src/node/env.ts';

describe('the Env port on Node', () => {
  it('gives ids of 96 random bits in URL-safe characters, never the same twice', () => {
    const env = createNodeEnv();
    const ids = Array.from({ length: 10_000 }, () => env.id());
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^[\w-]{16}$/);
  });

  it('never fires a timer early, synchronously or after it was cancelled', async () => {
    const env = createNodeEnv();
    const order: string[] = [];
    const started = env.monotonic();
    const cancel = env.timer(5, () => order.push('cancelled'));
    const fired = new Promise<number>((resolve) => env.timer(20, () => resolve(env.monotonic())));
    env.timer(0, () => order.push('later'));
    order.push('now');
    cancel();
    // Timers of this port keep no process alive, so the test does.
    const hold = setInterval(() => undefined, 1000);
    expect((await fired) - started).toBeGreaterThanOrEqual(20);
    clearInterval(hold);
    expect(order).toEqual(['now', 'later']);
  });

  it('waits for longer than Node’s timers can', () => {
    vi.useFakeTimers();
    try {
      const env = createNodeEnv();
      const run = vi.fn();
      const month = 31 * 86_400_000;
      env.timer(month, run);
      vi.advanceTimersByTime(month - 1);
      expect(run).not.toHaveBeenCalled();
      vi.advanceTimersByTime(2);
      expect(run).toHaveBeenCalledOnce();
    } finally {
      vi.useRealTimers();
    }
  });
});
