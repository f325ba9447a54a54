import type { Channel } from '../channel.ts';
import type { Scope } from '../lifecycle.ts';

/** How slow, and whose visibility. */
export interface HiddenOptions {
  /** While the page is hidden, publications of each event and key a second, from 0.01. Default 0.2. */
  readonly maxRate?: number | undefined;
  /** Default `globalThis`; without a document nothing happens. */
  readonly scope?: Scope | undefined;
}

/**
 * Slows a channel's subscription down while the page is hidden, for all handles of its name. What waits comes as soon as
 * the page is seen again. Returns what ends this.
 */
export const slowWhenHidden = (
  channel: Pick<Channel, 'setMaxRate'>,
  { maxRate = 0.2, scope = globalThis as Scope }: HiddenOptions = {},
): (() => void) => {
  let isSlow = false;
  const set = (slow: boolean): void => {
    if (isSlow === slow) return;
    isSlow = slow;
    channel.setMaxRate(slow ? maxRate : undefined);
  };
  const look = (): void => set(scope.document?.visibilityState === 'hidden');
  // Capturing: the window sees the document's own events too.
  scope.addEventListener?.('visibilitychange', look, true);
  look();
  return () => {
    scope.removeEventListener?.('visibilitychange', look, true);
    set(false);
  };
};
