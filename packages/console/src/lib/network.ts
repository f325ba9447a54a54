import { Store, type Readable } from './store.ts';

/** Something that can be cut without a goodbye. */
export interface Severable {
  sever(why: string): void;
}

/** The playground's own network: sockets are dialled through it, so that it can fail on command. */
export class NetworkSwitch {
  readonly #online = new Store(true);
  readonly #live = new Set<Severable>();

  get online(): Readable<boolean> {
    return this.#online;
  }

  /** Counts a socket as live; returns the function to call when it closed. */
  enter(socket: Severable): () => void {
    this.#live.add(socket);
    return () => this.#live.delete(socket);
  }

  /** Cuts every live socket as a lost network would. Returns how many there were. */
  kill(why = 'killed'): number {
    const sockets = [...this.#live];
    for (const socket of sockets) socket.sever(why);
    return sockets.length;
  }

  /** Offline: live sockets are cut and every dial fails until the switch is turned back. */
  setOnline(online: boolean): void {
    this.#online.set(online);
    if (!online) this.kill('offline');
  }
}
