/** A server under test; one more means a file in `servers/` and an entry in `load/wire.ts`. */
export interface Peer {
  readonly name: PeerName;
  /** The program of its process. */
  readonly program: URL;
  /** What its rows are called. Default: its name. */
  readonly label?: string;
  /** For the program. */
  readonly args?: readonly string[];
  /** The package whose version is printed. */
  readonly package: string;
}

export const peerNames = ['thrum', 'ws', 'socket.io'] as const;

export type PeerName = (typeof peerNames)[number];

/** Everything else is given as a ratio to this one. */
export const reference: PeerName = 'ws';

/** The one channel, room or topic that is published to. */
export const channel = 'bench';

export const peers: Readonly<Record<PeerName, Peer>> = {
  thrum: { name: 'thrum', program: new URL('servers/thrum.ts', import.meta.url), package: 'thrum' },
  ws: { name: 'ws', program: new URL('servers/ws.ts', import.meta.url), package: 'ws' },
  'socket.io': {
    name: 'socket.io',
    program: new URL('servers/socketio.ts', import.meta.url),
    package: 'socket.io',
  },
};

export function isPeerName(name: string): name is PeerName {
  return (peerNames as readonly string[]).includes(name);
}
