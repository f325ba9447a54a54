// Timers of this process that are still to fire, those that keep no process alive included: Node itself counts only the
// others. Has to be imported before everything that sets one.

const pending = new Set<unknown>();
const { setTimeout: start, clearTimeout: stop, setInterval: repeat, clearInterval: end } = globalThis;

export function pendingTimers(): number {
  return pending.size;
}

type Start = (run: (...args: unknown[]) => void, ms?: number, ...args: unknown[]) => NodeJS.Timeout;

const counted: Start = (run, ms, ...args) => {
  const handle = (start as Start)(
    (...given) => {
      pending.delete(handle);
      run(...given);
    },
    ms,
    ...args,
  );
  pending.add(handle);
  return handle;
};

const countedRepeat: Start = (run, ms, ...args) => {
  const handle = (repeat as Start)(run, ms, ...args);
  pending.add(handle);
  return handle;
};

const forget =
  (really: (handle?: NodeJS.Timeout) => void) =>
  (handle?: NodeJS.Timeout): void => {
    pending.delete(handle);
    really(handle);
  };

Object.assign(globalThis, {
  setTimeout: counted,
  setInterval: countedRepeat,
  clearTimeout: forget(stop),
  clearInterval: forget(end),
});
