import type { Random } from '@thrum/sim/random';
import type { World } from '../world/world.ts';

/** Ends a fault; everything must be well again in bounded time after it. */
type Heal = () => Promise<void> | void;

export interface Scenario {
  readonly name: string;
  /** What happens, for `--list`. */
  readonly what: string;
  /** Runs the server under the shim, which needs Linux and a C compiler. */
  readonly shim?: boolean;
  /** False: nothing goes wrong, so everybody must be told of everything. Default true. */
  readonly faulty?: boolean;
  /** Milliseconds between two publishes of one client, on average. Default 12. */
  readonly every?: number;
  /** Bytes of padding in each message. Default 0. */
  readonly pad?: number;
  /** Once, before the first round. */
  prepare?(world: World): Promise<void>;
  /** Strikes while everybody publishes; resolves with what ends it, which comes after they have stopped. */
  strike(world: World, chance: Random, round: number): Promise<Heal>;
}
