import { randomFillSync } from 'node:crypto';
import type { Cancel, Env } from '@thrum/core';

/** 96 random bits: 16 characters of base64url, which need no padding. */
const idBytes = 12;
const poolBytes = idBytes * 256;

/** Node fires a longer timer at once, so a longer one is made of several. */
const longestTimer = 2_147_483_647;

/** The Env port on Node. Its timers never keep a process alive: sockets and servers do that. */
export function createNodeEnv(): Env {
  const pool = Buffer.allocUnsafeSlow(poolBytes);
  let used = poolBytes;
  return {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    timer: startTimer,
    atTurnEnd: createTurnEnd(),
    random: () => Math.random(),
    id: () => {
      // One call into the kernel for 256 ids: it costs as much as for one.
      if (used === poolBytes) {
        randomFillSync(pool);
        used = 0;
      }
      used += idBytes;
      return pool.toString('base64url', used - idBytes, used);
    },
  };
}

/**
 * The check phase: it comes when all sockets that were ready have been read, and a loop with something to check waits for
 * nothing (libuv, the order of its phases).
 */
function createTurnEnd(): Env['atTurnEnd'] {
  const waiting: (() => void)[] = [];
  let isComing = false;
  const come = (): void => {
    isComing = true;
    setImmediate(end);
  };
  const end = (): void => {
    try {
      // Those that ask meanwhile are met further on.
      for (let run = waiting.shift(); run !== undefined; run = waiting.shift()) run();
      isComing = false;
    } finally {
      if (waiting.length > 0) come();
    }
  };
  return (run) => {
    waiting.push(run);
    if (!isComing) come();
  };
}

function startTimer(ms: number, run: () => void): Cancel {
  const end = performance.now() + ms;
  let handle: NodeJS.Timeout;
  const wait = (): void => {
    const left = Math.max(end - performance.now(), 0);
    // Node rounds down and may fire a fraction of a millisecond early; the port promises never to.
    handle = setTimeout(left > longestTimer ? wait : fire, Math.min(Math.ceil(left), longestTimer)).unref();
  };
  const fire = (): void => (performance.now() < end ? wait() : run());
  wait();
  return () => clearTimeout(handle);
}
