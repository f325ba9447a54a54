import type { SubscribeFrame } from '@thrum/protocol';
import { channel, type PeerName } from '../peers.ts';

/** How a subscriber speaks to one peer, as texts: what to ask, and how to know the answers. */
export interface Wire {
  readonly path: string;
  /** What a server says to a connection that is open for use. Absent: the 101 alone means that. */
  readonly isOpen?: (text: string) => boolean;
  /** What to send to get the publications, and the answer to it. Absent: every connection gets them. */
  readonly subscribe?: { readonly text: string; readonly isDone: (text: string) => boolean };
  /** What the protocol demands to be answered at once. */
  readonly answer?: (text: string) => string | undefined;
}

const subscribe: SubscribeFrame = { type: 'subscribe', channel };

/** The longest text that {@link Wire.answer} has to see while publications are counted. */
export const longestProtocolText = 16;

export const wires: Readonly<Record<PeerName, Wire>> = {
  thrum: {
    path: '/ws',
    isOpen: (text) => text.startsWith('{"type":"welcome"'),
    subscribe: {
      text: JSON.stringify(subscribe),
      isDone: (text) => text.startsWith('{"type":"subscribed"'),
    },
  },
  ws: { path: '/' },
  'socket.io': {
    // Engine.IO 4: `0` open, `2` ping, `3` pong, `4` message; in a message, Socket.IO: `0` connect, `2` event, `3` ack.
    path: '/socket.io/?EIO=4&transport=websocket',
    isOpen: (text) => text.startsWith('40'),
    subscribe: {
      text: `420${JSON.stringify(['subscribe', channel])}`,
      isDone: (text) => text.startsWith('430'),
    },
    answer: (text) => (text.startsWith('0{') ? '40' : text === '2' ? '3' : undefined),
  },
};
