import type { WireName } from './load/wire.ts';

export const peerNames = ['thrum', 'ws', 'socket.io', 'tcp', 'bun', 'nchan', 'nats', 'floor'] as const;

export type PeerName = (typeof peerNames)[number];

/** A program in `servers/` that answers our calls. */
interface Script {
  readonly program: URL;
  readonly args?: readonly string[];
  /** Default: this Node. */
  readonly runtime?: 'bun';
}

/** Servers that are programs of others, in `servers/programs.ts`. */
export type ProgramName = 'nchan' | 'nats' | 'floor';

/** A server under test. */
export interface Peer {
  /** What `--peers` calls it. */
  readonly name: PeerName;
  /** What its rows are called where one peer has several. Default: its name. */
  readonly label?: string;
  readonly server: Script | ProgramName;
  /** How the load speaks to it. */
  readonly wire: WireName;
}

/** Everything else is given as a ratio to this one. */
export const reference: PeerName = 'ws';

const script = (file: string, args: readonly string[] = []): Script => ({
  program: new URL(`servers/${file}`, import.meta.url),
  args,
});

/** Each as it is in the scenarios about WebSocket, with everything it has by default. */
export const peers: Readonly<Record<PeerName, Peer>> = {
  thrum: { name: 'thrum', server: script('thrum.ts'), wire: 'thrum' },
  ws: { name: 'ws', server: script('ws.ts'), wire: 'plain' },
  'socket.io': { name: 'socket.io', server: script('socketio.ts'), wire: 'socket.io' },
  tcp: { name: 'tcp', server: script('tcp.ts', ['turn']), wire: 'plain' },
  bun: { name: 'bun', server: { ...script('bun.ts'), runtime: 'bun' }, wire: 'plain' },
  nchan: { name: 'nchan', server: 'nchan', wire: 'nchan' },
  nats: { name: 'nats', server: 'nats', wire: 'nats' },
  floor: { name: 'floor', server: 'floor', wire: 'floor' },
};

export const allPeers: readonly Peer[] = Object.values(peers);

/** `tcp` as it would be without joining: one write of one shared buffer for each delivery, at once. */
export const tcpEach: Peer = {
  name: 'tcp',
  label: 'tcp, one write each',
  server: script('tcp.ts', ['each']),
  wire: 'plain',
};

/** One stream of events for each subscriber. */
export const streamPeers: readonly Peer[] = [
  { ...peers.thrum, wire: 'thrum-events' },
  { name: 'tcp', label: 'node:http', server: script('http.ts'), wire: 'events' },
  { ...peers.nchan, wire: 'nchan-events' },
];

/** permessage-deflate, with its counterpart without. */
export const compressionPeers: readonly Peer[] = [
  peers.thrum,
  {
    name: 'thrum',
    label: 'thrum, compressed',
    server: script('thrum.ts', ['compressed']),
    wire: 'thrum-deflate',
  },
  peers.ws,
  { name: 'ws', label: 'ws, compressed', server: script('ws.ts', ['compressed']), wire: 'plain-deflate' },
];

export function rowOf({ name, label }: Peer): string {
  return label ?? name;
}

export function isPeerName(name: string): name is PeerName {
  return (peerNames as readonly string[]).includes(name);
}
