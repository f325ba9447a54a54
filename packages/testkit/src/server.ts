import type { Log } from '@thrum/core';
import { createThrum, type ListenOptions, type ThrumDefinition } from 'thrum';

/** A line that the server under test wrote. */
export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly error: unknown;
}

/** A real server on a port of its own. */
export interface TestServer extends AsyncDisposable {
  readonly app: ReturnType<typeof createThrum>;
  /** `http://127.0.0.1:port` */
  readonly httpUrl: string;
  /** `ws://127.0.0.1:port/ws` */
  readonly url: string;
  readonly port: number;
  /** What it logged, oldest first. */
  readonly lines: readonly LogLine[];
  /** Ends it at once, or told to come back over so many milliseconds. */
  close(drainMs?: number): Promise<void>;
}

/** Starts the real `thrum` package from a definition, silent on the terminal, on port 0 unless told otherwise. */
export async function startServer(
  definition: ThrumDefinition = {},
  listen: ListenOptions = {},
): Promise<TestServer> {
  const lines: LogLine[] = [];
  const app = createThrum({ log: collecting(lines), ...definition });
  const { url, port, close } = await app.listen({ port: 0, host: '127.0.0.1', ...listen });
  const end = (drainMs = 0): Promise<void> => close({ drainMs });
  return {
    app,
    httpUrl: url,
    url: `${url.replace(/^http/u, 'ws')}${listen.path ?? '/ws'}`,
    port,
    lines,
    close: end,
    [Symbol.asyncDispose]: () => end(),
  };
}

function collecting(lines: LogLine[]): Log {
  const at =
    (level: LogLine['level']): Log['error'] =>
    (message, fields = {}, error) =>
      void lines.push({ level, message, fields, error });
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
