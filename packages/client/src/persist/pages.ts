/** Which pages of this origin live. */
export interface Pages {
  /** This one's name. */
  readonly own: string;
  /** The page of this tab that this one took the place of. */
  readonly before: string | undefined;
  /** What it left. */
  readonly parting: unknown;
  /** Which of the others have ended, as of now. */
  left(): Promise<(page: string) => boolean>;
  close(): void;
}

/** Pages of this document that have ended: their locks come back a moment later. */
const ended = new Set<string>();

/** A browser that forbids it throws at the mere mention. */
const tabStorage = (): Storage | undefined => {
  try {
    return globalThis.sessionStorage;
  } catch {
    return undefined;
  }
};

const readParting = (text: string | null | undefined): [page?: string, parting?: unknown] => {
  try {
    const [page, parting] = JSON.parse(text ?? '[]') as unknown[];
    return typeof page === 'string' ? [page, parting] : [];
  } catch {
    return [];
  }
};

/**
 * Each page holds a Web Lock for as long as it lives, and tells its name to the page that follows it in its tab: when that one
 * asks, the lock may not be back yet. While a page lives its name is not in the tab's storage, or a duplicated tab
 * would take itself for its successor. With the name goes what the page leaves to its successor: what is given to a database while
 * a page unloads may not arrive. Without locks (a page over plain http, an old browser) all others count as gone.
 *
 * @param leave what goes to the successor, asked when the page is put away
 */
export const livingPages = (prefix: string, leave: () => unknown): Pages => {
  const own = crypto.getRandomValues(new Uint32Array(4)).join('-');
  const storage = tabStorage();
  const locks = (globalThis.navigator as Partial<Navigator> | undefined)?.locks;
  const lockOf = (page: string): string => `${prefix}:${page}`;
  const [before, parting] = readParting(storage?.getItem(prefix));
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
      storage?.setItem(prefix, JSON.stringify([own, leave()]));
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
    parting,
    left: async () => {
      const { held = [] } = (await locks?.query().catch(() => undefined)) ?? {};
      const living = new Set(held.map(({ name }) => name));
      return (page) => page !== own && (page === before || ended.has(page) || !living.has(lockOf(page)));
    },
    close: () => {
      scope.removeEventListener?.('pagehide', hidden);
      scope.removeEventListener?.('pageshow', arrive);
      ended.add(own);
      depart();
    },
  };
};
