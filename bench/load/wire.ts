import type { SubscribeFrame } from '@thrum/protocol';
import { opcodes } from './frames.ts';

/** Something a subscriber sends, and how to know that it was done; without that, sending is all there is to it. */
export interface Step {
  readonly text: string;
  readonly isDone?: (text: string) => boolean;
}

/** How publications reach a server: by its own call, asked for over our control connection, or over its own wire. */
export type Publishing = 'control' | 'frames' | 'nats' | 'post';

/** How the load speaks to one server, as texts: what to ask, and how to know the answers. */
export interface Wire {
  readonly transport: 'websocket' | 'event-stream';
  path(channels: readonly string[]): string;
  readonly publishing: Publishing;
  /** What a server says to a connection that is open for use. Absent: the answer to the handshake alone means that. */
  readonly isOpen?: (text: string) => boolean;
  /** What to do to get the publications, one after the other. Absent: being connected is enough. */
  readonly subscribe?: (channels: readonly string[]) => readonly Step[];
  /** What the protocol demands to be answered at once. */
  readonly answer?: (text: string) => string | undefined;
  /** Of our own frames. Default: text. */
  readonly opcode?: number;
  /** Deliveries are frames, or, where a frame may hold several or there are none, markers in the bytes. */
  readonly counts: 'frames' | 'markers';
  /** For `Sec-WebSocket-Extensions`. */
  readonly extension?: string;
  /** How long a server that does not confirm subscriptions is given to take note of them, milliseconds. */
  readonly settleMs?: number;
  /** It knows one channel only, the same for all. */
  readonly singleChannel?: true;
}

/** The longest text that {@link Wire.answer} has to see while publications are counted. */
export const longestProtocolText = 16;

// No context takeover, so that each message can be inflated without those before it: we look at one in many.
const deflate = 'permessage-deflate; server_no_context_takeover; client_no_context_takeover';

const thrum: Wire = {
  transport: 'websocket',
  path: () => '/ws',
  publishing: 'control',
  isOpen: (text) => text.startsWith('{"type":"welcome"'),
  subscribe: (channels) =>
    channels.map((channel) => ({
      text: JSON.stringify({ type: 'subscribe', channel } satisfies SubscribeFrame),
      isDone: (text) => text.startsWith('{"type":"subscribed"'),
    })),
  counts: 'frames',
};

/** Our own few bytes, for servers that leave the protocol to the application. */
const plain: Wire = {
  transport: 'websocket',
  path: () => '/',
  publishing: 'control',
  subscribe: (channels) => [{ text: `sub ${channels.join()}`, isDone: (text) => text === 'ok' }],
  counts: 'frames',
};

const nchan: Wire = {
  transport: 'websocket',
  path: (channels) => `/sub?id=${channels.join()}`,
  publishing: 'post',
  counts: 'frames',
  settleMs: 500,
};

export const wires = {
  thrum,
  'thrum-deflate': { ...thrum, extension: deflate },
  'thrum-events': {
    transport: 'event-stream',
    path: (channels) => `/events?${channels.map((channel) => `channel=${channel}`).join('&')}`,
    publishing: 'control',
    isOpen: (text) => text.includes('event: connected') && text.includes('\nid: '),
    counts: 'markers',
  },
  plain,
  'plain-deflate': { ...plain, extension: deflate },
  'socket.io': {
    // Engine.IO 4: `0` open, `2` ping, `3` pong, `4` message; in a message, Socket.IO: `0` connect, `2` event, `3` ack.
    transport: 'websocket',
    path: () => '/socket.io/?EIO=4&transport=websocket',
    publishing: 'control',
    isOpen: (text) => text.startsWith('40'),
    subscribe: (channels) => [
      { text: `420${JSON.stringify(['subscribe', channels])}`, isDone: (text) => text.startsWith('430') },
    ],
    answer: (text) => (text.startsWith('0{') ? '40' : text === '2' ? '3' : undefined),
    counts: 'frames',
  },
  events: {
    transport: 'event-stream',
    path: (channels) => `/?channels=${channels.join()}`,
    publishing: 'control',
    isOpen: (text) => text.includes(': open'),
    counts: 'markers',
  },
  nchan,
  'nchan-events': {
    ...nchan,
    transport: 'event-stream',
    isOpen: (text) => text.includes(': hi'),
    counts: 'markers',
  },
  nats: {
    transport: 'websocket',
    path: () => '/',
    publishing: 'nats',
    isOpen: (text) => text.startsWith('INFO '),
    subscribe: (channels) => [
      {
        text:
          'CONNECT {"verbose":false,"pedantic":false}\r\n' +
          `${channels.map((channel, index) => `SUB ${channel} ${index + 1}\r\n`).join('')}PING\r\n`,
        isDone: (text) => text.includes('PONG\r\n'),
      },
    ],
    answer: (text) => (text === 'PING\r\n' ? 'PONG\r\n' : undefined),
    opcode: opcodes.binary,
    counts: 'markers',
  },
  floor: {
    transport: 'websocket',
    path: () => '/',
    publishing: 'frames',
    subscribe: () => [{ text: 'sub' }],
    counts: 'frames',
    settleMs: 500,
    singleChannel: true,
  },
} as const satisfies Readonly<Record<string, Wire>>;

export type WireName = keyof typeof wires;

/** By its name, without the particulars of each. */
export function wireOf(name: WireName): Wire {
  return wires[name];
}
