import type { SocketClose } from '../web-socket.ts';

/** A connection that broke off, or never was one (RFC 6455 §7.1.5). */
export const lost: SocketClose = { code: 1006, reason: '' };

/** What either direction of a session over HTTP works with. Nothing here goes on once the session has ended. */
export interface Wire {
  /**
   * A GET under `connect/`, with a body a POST of that and of the session's names. Rejects when it fails, in the middle of its
   * answer too.
   *
   * @param timeout in milliseconds; default: none
   */
  ask<T>(path: string, body: object | undefined, read: Read<T>, timeout?: number): Promise<T>;
  /** The pause after that many failures, 0.25 to 4 seconds. */
  pause(failures: number): Promise<void>;
  /** The server has made the session, and calls it so. */
  open(names: Names): void;
  message(data: string): void;
}

type Read<T> = (response: Response) => Promise<T>;

export interface Names {
  readonly session: string;
  readonly node: string;
}

/** The status and the whole text of an answer; 0 where there is none. */
export type Answer = readonly [status: number, text: string];

/** POSTs, and never rejects. */
export const post = (wire: Wire, path: string, body: object, timeout?: number): Promise<Answer> =>
  wire
    .ask(path, body, async (response): Promise<Answer> => [response.status, await response.text()], timeout)
    .catch(() => [0, '']);

/** Whether the same request may be answered otherwise later: the server did not speak, or said nothing of the session. */
export const mayPass = (status: number): boolean =>
  status === 0 || status === 408 || status === 429 || status >= 500;
