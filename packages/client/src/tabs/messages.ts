import type { SocketClose } from '../web-socket.ts';

/** What a socket is told: a frame, or the end. Neither: it is heard. */
export interface News {
  readonly data?: string | undefined;
  readonly close?: SocketClose | undefined;
}

/** Between pages, and within one; whoever it is not for lets it pass. */
export type Message =
  /** This page has the connection from now on. */
  | { readonly kind: 'lead'; readonly by: string }
  /** A socket that wants to be heard, and the page that it ends with. */
  | { readonly kind: 'hello'; readonly from: string; readonly page: string }
  | ({ readonly kind: 'down'; readonly by: string; readonly to: readonly string[] } & News)
  | { readonly kind: 'up'; readonly to: string | undefined; readonly from: string; readonly data: string }
  | { readonly kind: 'bye'; readonly from: string; readonly code?: number | undefined };

/** A connection that broke off (RFC 6455 §7.1.5). */
export const lost: SocketClose = { code: 1006, reason: '' };
