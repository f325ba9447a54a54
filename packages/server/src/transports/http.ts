import type { ThrumDefinition } from '../definition.ts';
import { Cors } from '../http/cors.ts';
import { checkTokenCookie } from '../http/credentials.ts';
import type { HttpEdge } from '../http/routes.ts';
import { ConnectEdge } from './longpoll/edge.ts';
import { EventsEdge, type HttpEdgeOptions } from './sse/edge.ts';
import type { OriginCheck } from './websocket/origins.ts';

interface Edge extends HttpEdge {
  close(): Promise<void>;
}

/** The transports that come as ordinary HTTP requests, by path. */
export interface HttpTransports {
  readonly edges: ReadonlyMap<string, Edge>;
  /** Ends what is left after the core has closed its connections. */
  close(): Promise<void>;
}

type Parts = Omit<HttpEdgeOptions, 'cors' | 'tokenCookie'> & { readonly isAllowedOrigin: OriginCheck };

/** @throws TypeError naming the option that cannot work. */
export function createHttpTransports(
  { events: { defaultChannels = ['notifications'] } = {}, node, origins, tokenCookie }: ThrumDefinition,
  { isAllowedOrigin, ...parts }: Parts,
): HttpTransports {
  checkTokenCookie(tokenCookie, origins);
  const options = { ...parts, tokenCookie, cors: new Cors(origins, isAllowedOrigin) };
  const events = new EventsEdge({ ...options, defaultChannels });
  const connect = new ConnectEdge({ ...options, node });
  const all = [events, connect];
  return {
    edges: new Map<string, Edge>([
      ['/events', events],
      ...ConnectEdge.paths.map((path) => [path, connect] as const),
    ]),
    close: async () => {
      await Promise.all(all.map((edge) => edge.close()));
    },
  };
}
