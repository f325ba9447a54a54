/** Which pages of this origin live. */
export interface Pages {
  /** This one's name. */
  readonly own: string;
  /** The page of this tab that this one took the place of. */
  readonly before: string | undefined;
  /** Which of the others have ended, as of now. */
  left(): Promise<(page: string) => boolean>;
  close(): void;
}

/** A browser that forbids it throws at the mere mention. */
const tabStorage = (): Storage | undefined => {
  try {
    return globalThis.sessionStorage;
  } catch {
    return undefined;
  }
};

/**
 * Each page holds a Web Lock for as long as it lives, and tells its name to the page that follows it in its tab: when that one
 * asks, the lock may not be back yet. While a page lives its name is not in the tab's storage, or a duplicated tab
 * would take itself for its successor. Without locks (a page over plain http, an old browser) all others count as gone.
 */
export const livingPages = (prefix: string): Pages => {
  const own = crypto.getRandomValues(new Uint32Array(4)).join('-');
  const storage = tabStorage();
  const locks = (globalThis.navigator as Partial<Navigator> | undefined)?.locks;
  const lockOf = (page: string): string => `${prefix}:${page}`;
  const before = storage?.getItem(prefix) ?? undefined;
  let isHere = false;
  let release = (): void => {};

  const arrive = (): void => {
    if (isHere) return;
    isHere = true;
    storage?.removeItem(prefix);
    const held = locks?.request(lockOf(own), () =>
      isHere ? new Promise<void>((resolve) => (release = resolve)) : undefined,
    );
    // Refused to a page without an origin of its own: then it is one whose end nobody can tell.
    held?.catch(() => {});
  };
  const depart = (): void => {
    isHere = false;
    // A page that holds a lock may not go into the back/forward cache.
    release();
  };
  const hidden = (): void => {
    depart();
    try {
      storage?.setItem(prefix, own);
    } catch {
      // Full: the lock alone tells, a moment later.
    }
  };
  const scope: Partial<Pick<Window, 'addEventListener' | 'removeEventListener'>> = globalThis;
  scope.addEventListener?.('pagehide', hidden);
  scope.addEventListener?.('pageshow', arrive);
  arrive();

  return {
    own,
    before,
    left: async () => {
      const { held = [] } = (await locks?.query().catch(() => undefined)) ?? {};
      const living = new Set(held.map(({ name }) => name));
      return (page) => page !== own && (page === before || !living.has(lockOf(page)));
    },
    close: () => {
      scope.removeEventListener?.('pagehide', hidden);
      scope.removeEventListener?.('pageshow', arrive);
      depart();
    },
  };
};
