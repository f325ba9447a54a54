import type { OutputOf, Schema } from '@thrum/protocol';
import type { User } from './channel/definition.ts';
import { type Once, once } from './once.ts';
import type { MaybePromise } from './types.ts';

export interface CallContext {
  readonly user: User;
  readonly connectionId: string;
  /** The frame's `id` as a string, if it had one: the idempotency key of this call. */
  readonly id?: string;
  /** What `idempotent` needs of the node; put there by the core. */
  readonly [once]?: Once;
}

/** A method that clients can `call`. */
export interface MethodDefinition<S extends Schema | undefined = Schema | undefined, Result = unknown> {
  /** What `params` must be. Default: any JSON. */
  readonly params?: S;
  readonly handler: (params: OutputOf<S>, context: CallContext) => MaybePromise<Result>;
}
