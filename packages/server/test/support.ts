import { startServer as start, type TestServer } from '@thrum/testkit/server';
import type { ListenOptions, Log, ThrumDefinition } from '../src/index.ts';

/** Rooms with presence: enough for a test that is not about definitions. */
const rooms: NonNullable<ThrumDefinition['channels']> = { 'room:{name}': { presence: true } };

/** A server with rooms unless the definition has channels of its own. */
export function startServer(
  definition: ThrumDefinition = {},
  options: ListenOptions = {},
): Promise<TestServer> {
  return start({ channels: rooms, ...definition }, options);
}

/** For servers that are not started by the testkit. */
export const silentLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
