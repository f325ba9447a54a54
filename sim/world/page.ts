import type { Lifecycle, LifecycleEvent } from '@thrum/client';

/** The browser page around an SDK: looked at or not, put away or not. */
export class Page implements Lifecycle {
  private isActive = true;
  private readonly listeners = new Set<(event: LifecycleEvent) => void>();

  active(): boolean {
    return this.isActive;
  }

  listen(listener: (event: LifecycleEvent) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Hidden; and with `away` put away too, as `pagehide` says. */
  hide(away: boolean): void {
    this.isActive = false;
    if (away) this.tell('left');
  }

  show(): void {
    if (this.isActive) return;
    this.isActive = true;
    this.tell('returned');
    this.tell('woke');
  }

  private tell(event: LifecycleEvent): void {
    for (const listener of [...this.listeners]) listener(event);
  }
}
