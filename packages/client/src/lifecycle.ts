/** `left`: the page was put away (`pagehide`) · `returned`: and came back · `woke`: visible, online or resumed. */
export type LifecycleEvent = 'left' | 'returned' | 'woke';

/** Where the client learns about the page; give your own where there is no page but something like it. */
export interface Lifecycle {
  /** Whether somebody looks and the network is said to be there. */
  active(): boolean;
  /** Starts listening; returns what stops it. */
  listen(listener: (event: LifecycleEvent) => void): () => void;
}

/** The little that {@link pageLifecycle} needs of an event target. */
export interface EventTargetLike {
  addEventListener?(type: string, listener: (event: unknown) => void): void;
  removeEventListener?(type: string, listener: (event: unknown) => void): void;
}

/** A window, a worker's global scope, or a Node process that has neither. */
export interface Scope extends EventTargetLike {
  readonly document?: EventTargetLike & { readonly visibilityState?: string };
  readonly navigator?: { readonly onLine?: boolean };
}

/** The page's own events, where there are any: outside a browser it is always active and never speaks. */
export function pageLifecycle(scope: Scope): Lifecycle {
  const active = (): boolean =>
    scope.document?.visibilityState !== 'hidden' && scope.navigator?.onLine !== false;
  return {
    active,
    listen: (listener) => {
      const left = (): void => listener('left');
      const returned = (): void => listener('returned');
      const woke = (): void => {
        if (active()) listener('woke');
      };
      const { document } = scope;
      const hooks: [EventTargetLike | undefined, string, () => void][] = [
        [scope, 'pagehide', left],
        [scope, 'pageshow', returned],
        [scope, 'online', woke],
        [document, 'visibilitychange', woke],
        [document, 'resume', woke],
      ];
      for (const [target, type, hook] of hooks) target?.addEventListener?.(type, hook);
      return () => {
        for (const [target, type, hook] of hooks) target?.removeEventListener?.(type, hook);
      };
    },
  };
}
