import type { Limits } from '@thrum/protocol';
import type { Broker } from './ports/broker.ts';
import type { Env } from './ports/env.ts';
import type { Log } from './ports/log.ts';
import type { Metrics } from './ports/metrics.ts';
import type { Turn } from './turn.ts';

/** What every room of the hub may use: the ports, the limits, and the end of the turn. */
export interface Parts {
  readonly env: Env;
  readonly log: Log;
  readonly limits: Limits;
  readonly metrics: Metrics;
  readonly broker: Broker;
  readonly turn: Turn;
}
