/** `left`: the page was put away (`pagehide`) · `returned`: and came back · `woke`: visible, online or resumed. */
export type LifecycleEvent = 'left' | 'returned' | 'woke';

/** Where the client learns about the page; give your own where there is no page but something like it. */
export interface Lifecycle {
  /** Whether somebody looks and the network is said to be there. */
  active(): boolean;
  /** Starts listening; returns what stops it. */
  listen(listener: (event: LifecycleEvent) => void): () => void;
}

/** A window, a worker's global scope, or a Node process that has neither. */
export interface Scope {
  readonly document?: { readonly visibilityState?: string };
  readonly navigator?: { readonly onLine?: boolean };
  addEventListener?(type: string, listener: (event: never) => void, capture: boolean): void;
  removeEventListener?(type: string, listener: (event: never) => void, capture: boolean): void;
}

const types = ['pagehide', 'pageshow', 'online', 'visibilitychange', 'resume'];

/** The page's own events, where there are any: outside a browser it is always active and never speaks. */
export const pageLifecycle = (scope: Scope): Lifecycle => {
  const active = (): boolean =>
    scope.document?.visibilityState !== 'hidden' && scope.navigator?.onLine !== false;
  return {
    active,
    listen: (listener) => {
      const hook = ({ type }: { readonly type: string }): void => {
        if (type === 'pagehide') listener('left');
        else if (type === 'pageshow') listener('returned');
        else if (active()) listener('woke');
      };
      // Capturing: the window sees the document's own events too, `resume` included, which does not bubble.
      const each = (method: 'addEventListener' | 'removeEventListener'): void =>
        types.forEach((type) => scope[method]?.(type, hook, true));
      each('addEventListener');
      return () => each('removeEventListener');
    },
  };
};
