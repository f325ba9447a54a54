import type { Limits } from '@thrum/protocol';
import type { Broker } from './ports/broker.ts';
import type { Env } from './ports/env.ts';
import type { Log } from './ports/log.ts';
import type { Metrics } from './ports/metrics.ts';

/** What every room of the hub may use: the ports and the limits. */
export interface Parts {
  readonly env: Env;
  readonly log: Log;
  readonly limits: Limits;
  readonly metrics: Metrics;
  readonly broker: Broker;
}
