import { type Broker, createMemoryBroker as create } from '@thrum/core';
import { createNodeEnv } from './env.ts';

/**
 * The reference broker: one process, nothing on disk. {@link createThrum} makes one by itself; one that is made here
 * outlives the server it is given to, and is to be closed by whoever made it.
 */
export function createMemoryBroker(): Broker {
  return create(createNodeEnv());
}
