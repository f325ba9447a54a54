import type { TransportName } from '@thrum/client';
import { Store, type Readable } from './store.ts';

export type ConnectionState = 'connecting' | 'connected' | 'reconnecting' | 'disconnected' | 'failed';

export interface ConnectionView {
  readonly state: ConnectionState;
  /** When the next attempt is due, in the page's clock; while one is under way, undefined. */
  readonly retryAt: number | undefined;
  readonly reason: string | undefined;
  readonly userId: string | undefined;
  /** How the present connection travels. */
  readonly transport: TransportName | undefined;
}

/** The part of the SDK's client that tells how the connection is. */
export interface ConnectionSource {
  readonly state: ConnectionState;
  readonly userId: string | undefined;
  readonly transport: TransportName | undefined;
  connect(): void;
  onStateChange(listener: (state: ConnectionState, info: ConnectionInfo) => void): () => void;
}

export interface ConnectionInfo {
  readonly code?: number | undefined;
  readonly reason?: string | undefined;
  readonly retryIn?: number | undefined;
  readonly error?: unknown;
}

/** The client's state as one value that a component can read. */
export class ConnectionWatch {
  readonly #source: ConnectionSource;
  readonly #view: Store<ConnectionView>;

  constructor(source: ConnectionSource, now: () => number = Date.now) {
    const read = (info: ConnectionInfo): ConnectionView => ({
      state: source.state,
      retryAt: info.retryIn === undefined ? undefined : now() + info.retryIn,
      reason: reasonOf(info),
      userId: source.userId,
      transport: source.transport,
    });
    this.#source = source;
    this.#view = new Store(read({}));
    source.onStateChange((_, info) => this.#view.set(read(info)));
  }

  get view(): Readable<ConnectionView> {
    return this.#view;
  }

  /** Connects at once. The client stays `reconnecting` while it dials, so the end of its wait is noted here. */
  retry(): void {
    this.#view.update((view) => ({ ...view, retryAt: undefined }));
    this.#source.connect();
  }
}

function reasonOf({ code, reason, error }: ConnectionInfo): string | undefined {
  if (reason !== undefined && reason !== '') return reason;
  if (error instanceof Error) return error.message;
  return code === undefined ? undefined : (closeNames[code] ?? `Closed with ${code}`);
}

const closeNames: Readonly<Record<number, string | undefined>> = {
  1000: 'Closed',
  1006: 'Connection lost',
};

/** Whole seconds until `at`, never below zero. */
export function secondsUntil(at: number, now: number): number {
  return Math.max(0, Math.ceil((at - now) / 1000));
}
