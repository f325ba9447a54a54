import type { SocketLike } from '../socket-like.ts';
import type { SocketClose } from '../web-socket.ts';
import { lost } from './messages.ts';
import type { Message } from './messages.ts';

/** Milliseconds for whoever leads to answer; after that it sleeps, and somebody awake has to take over. */
const answerTimeout = 1000;

/** What an SDK takes for its WebSocket: its frames travel by the page that leads. */
export interface TabSocket extends SocketLike {
  /** Asks whoever leads. */
  hello(): void;
  hear(message: Message): void;
  end(close: SocketClose): void;
}

/** @param unheard called when nobody answers */
export const createTabSocket = (
  id: string,
  page: string,
  post: (message: Message) => void,
  unheard: () => void,
): TabSocket => {
  const target = new EventTarget();
  let leader: string | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const emit = (type: string, fields: object): void => {
    target.dispatchEvent(Object.assign(new Event(type), fields));
  };
  const wait = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      unheard();
      wait();
    }, answerTimeout);
  };

  const socket: TabSocket = Object.assign(target, {
    readyState: 0,
    binaryType: '',
    hello: () => {
      if (leader || socket.readyState > 1) return;
      wait();
      post({ kind: 'hello', from: id, page });
    },
    hear: (message: Message) => {
      if (socket.readyState > 1) return;
      if (message.kind === 'lead') {
        if (!leader) return socket.hello();
        if (leader === message.by) return;
        // The connection has moved. As when a server drains, the SDK is told to come back, and at once (PROTOCOL.md §10).
        emit('message', { data: '{"type":"reconnect","after":0,"reason":"Moved to another page"}' });
        socket.end(lost);
      } else if (
        message.kind === 'down' &&
        message.to.includes(id) &&
        (leader ?? message.by) === message.by
      ) {
        const { by, data, close } = message;
        leader = by;
        clearTimeout(timer);
        if (data !== undefined) {
          Object.assign(socket, { readyState: 1 });
          emit('message', { data });
        }
        if (close) socket.end(close);
      }
    },
    end: (close: SocketClose) => {
      if (socket.readyState > 2) return;
      Object.assign(socket, { readyState: 3 });
      clearTimeout(timer);
      emit('close', close);
    },
    send: (data: string | Uint8Array) => post({ kind: 'up', to: leader, from: id, data: String(data) }),
    close: (code = 1000) => {
      if (socket.readyState > 1) return;
      Object.assign(socket, { readyState: 2 });
      clearTimeout(timer);
      post({ kind: 'bye', from: id, code });
      // Not at once: no WebSocket tells of its end while it is being closed.
      void Promise.resolve({ code, reason: '' }).then(socket.end);
    },
  });
  return socket;
};
