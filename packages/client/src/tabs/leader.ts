import { heartbeatClose } from '@thrum/protocol';
import type { SocketLike } from '../socket-like.ts';
import { hear } from '../web-socket.ts';
import type { SocketClose } from '../web-socket.ts';
import { lost } from './messages.ts';
import type { News } from './messages.ts';
import { createMultiplexer } from './multiplexer.ts';
import type { Multiplexer } from './multiplexer.ts';

/** Has the connection to the server, for the sockets of all pages. */
export interface Leader {
  attach(member: string): void;
  /**
   * @param member or the page whose members have all ended
   * @param code with which the member's SDK closed its socket
   */
  detach(member: string, code?: number): void;
  up(member: string, data: string): void;
  /** Gives up the connection. Its members are not told: who leads from now on tells them. */
  close(): void;
}

interface Session {
  readonly socket: SocketLike;
  readonly multiplexer: Multiplexer;
  readonly members: Set<string>;
}

/** @param dial may throw what `new WebSocket` throws */
export const createLeader = (
  dial: () => SocketLike,
  tell: (members: readonly string[], news: News) => void,
): Leader => {
  const sessions = new Map<string, Session>();
  // The one for who comes next; where the server asked to come back, those who were there stay until they do.
  let current: Session | undefined;

  const end = (session: Session, close: SocketClose): void => {
    if (current === session) current = undefined;
    const members = [...session.members];
    session.members.clear();
    for (const member of members) sessions.delete(member);
    session.socket.close(1000);
    tell(members, { close });
  };

  const start = (): Session => {
    const socket = dial();
    const members = new Set<string>();
    const multiplexer = createMultiplexer(socket, (to, data) => tell(to, { data }));
    const session: Session = { socket, multiplexer, members };
    hear(socket, {
      message: ({ data }) => {
        const type = multiplexer.down(String(data));
        if (type === 'reconnect' && current === session) current = undefined;
      },
      close: ({ code, reason }) => end(session, { code, reason }),
    });
    return session;
  };

  return {
    attach: (member) => {
      try {
        const session = (current ??= start());
        sessions.set(member, session);
        session.members.add(member);
        session.multiplexer.attach(member);
      } catch (error) {
        tell([member], { close: { code: 1006, reason: String(error) } });
      }
    },
    detach: (whose, code) => {
      for (const [member, session] of sessions) {
        if (member !== whose && !member.startsWith(`${whose}/`)) continue;
        sessions.delete(member);
        session.members.delete(member);
        // One that hears nothing hears it for all. A half-open socket would report its own end minutes later.
        if (code === heartbeatClose.code || session.members.size === 0) end(session, lost);
        else session.multiplexer.detach(member);
      }
    },
    up: (member, data) => sessions.get(member)?.multiplexer.up(member, data),
    close: () => {
      for (const { socket, members } of new Set(sessions.values())) {
        members.clear();
        socket.close(1000);
      }
      sessions.clear();
      current = undefined;
    },
  };
};
