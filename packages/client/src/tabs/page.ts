import type { SocketLike } from '../socket-like.ts';
import { createLeader } from './leader.ts';
import type { Leader } from './leader.ts';
import { lost } from './messages.ts';
import type { Message, News } from './messages.ts';
import { createTabSocket } from './tab-socket.ts';
import type { TabSocket } from './tab-socket.ts';

/** This page among the others of its kind. */
export interface Page {
  open(): SocketLike;
}

const newId = (): string => crypto.getRandomValues(new Uint32Array(4)).join('-');

/**
 * Joins the pages that share a connection. Whoever holds the lock of that name leads; all others queue for it, so that the
 * end of a page, a crash too, moves the lead at once.
 *
 * @param dial makes the connection that is shared
 * @param left called when the page is put away or frozen: then it shares nothing any more, and does not hold up the others
 */
export const joinPages = (name: string, dial: () => SocketLike, left: () => void): Page => {
  const own = newId();
  const sockets = new Map<string, TabSocket>();
  const watched = new Set<string>();
  const bus = new BroadcastChannel(name);
  const aborter = new AbortController();
  const { signal } = aborter;
  let leader: Leader | undefined;

  /** Holds a lock until the page leaves. Rejects when another page takes it. */
  const hold = (lock: string, options: LockOptions, held: () => void): Promise<unknown> =>
    navigator.locks.request(lock, options, () => {
      // Granted to a page that has left meanwhile: for the next one.
      if (signal.aborted) return undefined;
      held();
      return new Promise((resolve) => signal.addEventListener('abort', resolve));
    });

  const post = (message: Message): void => {
    hear(message);
    const isOurs = 'to' in message && [message.to].flat().every((id) => id === own || sockets.has(id ?? ''));
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel between pages of one origin has none
    if (!isOurs) bus.postMessage(message);
  };
  const tell = (to: readonly string[], news: News): void => post({ kind: 'down', by: own, to, ...news });

  const resign = (): void => {
    leader?.close();
    leader = undefined;
  };

  const lead = async (options: LockOptions): Promise<void> => {
    let hasLed = false;
    await hold(name, options, () => {
      hasLed = true;
      leader = createLeader(dial, tell);
      post({ kind: 'lead', by: own });
    }).catch(() => {});
    // Taken over: back into the queue. One page has one place in it.
    if (hasLed && !signal.aborted && !options.steal) void lead(options);
  };

  /** Leaves in the name of a page that has ended. */
  const watch = (page: string): void => {
    if (watched.has(page)) return;
    watched.add(page);
    const gone = (): void => {
      watched.delete(page);
      leader?.detach(page);
    };
    navigator.locks.request(`${name} ${page}`, { signal }, gone).catch(() => {});
  };

  const hear = (message: Message): void => {
    // It slept, and is told late: from here on its own sockets must not find it any more.
    if (message.kind === 'lead' && message.by !== own) resign();
    for (const socket of sockets.values()) socket.hear(message);
    if (!leader) return;
    if (message.kind === 'hello') {
      watch(message.page);
      tell([message.from], {});
      leader.attach(message.from);
    } else if (message.kind === 'up' && message.to === own) leader.up(message.from, message.data);
    else if (message.kind === 'bye') leader.detach(message.from, message.code);
  };
  bus.onmessage = ({ data }) => hear(data as Message);

  // Before the first hello: who hears it waits for this lock to come back.
  const present = new Promise<void>((resolve, reject) => {
    hold(`${name} ${own}`, {}, resolve).catch(reject);
  });
  void lead({ signal });

  const leave = (): void => {
    left();
    aborter.abort();
    resign();
    for (const socket of sockets.values()) socket.end(lost);
    bus.close();
  };
  for (const type of ['pagehide', 'freeze'])
    globalThis.addEventListener?.(type, leave, { capture: true, signal });

  return {
    open: () => {
      const id = `${own}/${newId()}`;
      const socket = createTabSocket(id, own, post, () => void lead({ steal: true }));
      sockets.set(id, socket);
      socket.addEventListener('close', () => sockets.delete(id));
      present.then(socket.hello, () => socket.end(lost));
      return socket;
    },
  };
};
