import { randomBytes } from 'node:crypto';
import type { CloseInfo } from '@thrum/protocol';
import type { PollSession } from './poll-session.ts';
import type { Upstream } from './upstream.ts';

/** 144 bits, which need no padding in base64url. */
const secretBytes = 18;

/** A session of either kind, as requests find it. */
export interface FallbackSession {
  readonly upstream: Upstream;
  /** Ends it: the client wants it to, or has broken a rule. */
  end(close: CloseInfo): void;
}

/** The sessions of this node by their secret. */
export class Sessions {
  /** Names this process among those that a client could reach. */
  readonly node: string;
  private readonly sessions = new Map<string, FallbackSession>();

  constructor(node: string) {
    this.node = node;
  }

  /** A secret that nobody could guess. */
  static secret(): string {
    return randomBytes(secretBytes).toString('base64url');
  }

  add(secret: string, session: FallbackSession): void {
    this.sessions.set(secret, session);
  }

  delete(secret: string): void {
    this.sessions.delete(secret);
  }

  clear(): void {
    this.sessions.clear();
  }

  /**
   * The session that a request names. This is the place from which a request for another node goes to that node, once
   * there is a bus between them; until then a client that is sent to the wrong one begins anew.
   */
  find(secret: string, node: string | undefined): FallbackSession | undefined {
    return node === undefined || node === this.node ? this.sessions.get(secret) : undefined;
  }

  /** The same for a poll: streams cannot be polled. */
  findPolled(secret: string, node: string | undefined): PollSession | undefined {
    const found = this.find(secret, node);
    return found !== undefined && 'poll' in found ? (found as PollSession) : undefined;
  }
}
