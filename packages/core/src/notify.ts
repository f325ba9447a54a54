import type { Log } from './ports/log.ts';
import type { MaybePromise } from './types.ts';

/** Tells a hook. Nothing waits for it, and what it throws is logged and changes nothing. */
export function notify<Event>(
  log: Log,
  name: string,
  hook: ((event: Event) => MaybePromise<void>) | undefined,
  event: Event,
): void {
  if (hook === undefined) return;
  void (async () => hook(event))().catch((error: unknown) => log.error(`the ${name} hook failed`, {}, error));
}
