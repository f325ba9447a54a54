import { createThrum, type Listening, type ListenOptions, type Log, type Thrum, type ThrumDefinition } from 'thrum';

/** A server of one test, on a port of its own. */
export interface TestServer extends AsyncDisposable {
  /** `ws://127.0.0.1:…/ws` */
  readonly url: string;
  /** `http://127.0.0.1:…` */
  readonly httpUrl: string;
  readonly app: Thrum;
  readonly listening: Listening;
}

/** Says nothing: what a test wants to read it collects with a log of its own. */
export const silentLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/** Any channel name of one or two parts, with presence in `room:…`: enough for a test that is not about definitions. */
const openChannels: NonNullable<ThrumDefinition['channels']> = {
  '{name}': {},
  '{kind}:{name}': {},
  'room:{name}': { presence: true },
  'ephemeral:{name}': { tier: 'ephemeral' },
};

/** Starts a server on a free port of 127.0.0.1; `await using` ends it. */
export async function startServer(definition: ThrumDefinition = {}, options: ListenOptions = {}): Promise<TestServer> {
  const app = createThrum<Record<string, unknown>>({ channels: openChannels, log: silentLog, ...definition }) as Thrum;
  const listening = await app.listen({ port: 0, ...options });
  const path = options.path ?? '/ws';
  return {
    url: `${listening.url.replace(/^http/, 'ws')}${path}`,
    httpUrl: listening.url,
    app,
    listening,
    [Symbol.asyncDispose]: () => app.close({ drainMs: 0 }),
  };
}
