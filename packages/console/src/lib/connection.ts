import { Store, type Readable } from './store.ts';

export type ConnectionState = 'connecting' | 'connected' | 'reconnecting' | 'disconnected' | 'failed';

export interface ConnectionView {
  readonly state: ConnectionState;
  /** When the next attempt is due, in the page's clock; while one is under way, undefined. */
  readonly retryAt: number | undefined;
  readonly reason: string | undefined;
  readonly userId: string | undefined;
  readonly connectionId: string | undefined;
}

/** The part of the SDK's client that tells how the connection is. */
export interface ConnectionSource {
  readonly state: ConnectionState;
  readonly userId: string | undefined;
  readonly connectionId: string | undefined;
  onStateChange(listener: (state: ConnectionState, info: ConnectionInfo) => void): () => void;
}

export interface ConnectionInfo {
  readonly code?: number | undefined;
  readonly reason?: string | undefined;
  readonly retryIn?: number | undefined;
  readonly error?: unknown;
}

/** The client's state as one value that a component can read. */
export function watchConnection(
  source: ConnectionSource,
  now: () => number = Date.now,
): Readable<ConnectionView> {
  const read = (info: ConnectionInfo): ConnectionView => ({
    state: source.state,
    retryAt: info.retryIn === undefined ? undefined : now() + info.retryIn,
    reason: reasonOf(info),
    userId: source.userId,
    connectionId: source.connectionId,
  });
  const view = new Store(read({}));
  source.onStateChange((_, info) => view.set(read(info)));
  return view;
}

function reasonOf({ code, reason, error }: ConnectionInfo): string | undefined {
  if (reason !== undefined && reason !== '') return reason;
  if (error instanceof Error) return error.message;
  return code === undefined ? undefined : (closeNames[code] ?? `closed with ${code}`);
}

const closeNames: Readonly<Record<number, string>> = {
  1000: 'closed',
  1001: 'the server went away',
  1006: 'the connection was lost',
};

/** Whole seconds until `at`, never below zero. */
export function secondsUntil(at: number, now: number): number {
  return Math.max(0, Math.ceil((at - now) / 1000));
}
