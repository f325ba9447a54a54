// Bun's own server and its own publish, in Bun.
import { host, serve } from './serve.ts';

/** What is used of Bun's API. */
interface Socket {
  subscribe(topic: string): void;
  send(text: string): void;
}

interface BunServer {
  readonly port: number;
  publish(topic: string, text: string): void;
}

interface Bun {
  gc(force: boolean): void;
  serve(options: {
    readonly hostname: string;
    readonly port: number;
    fetch(request: Request, server: { upgrade(request: Request): boolean }): Response | undefined;
    readonly websocket: { message(socket: Socket, text: string): void };
  }): BunServer;
}

const { Bun: bun } = globalThis as unknown as { readonly Bun: Bun };

// `collect` of a mark calls it as Node's; Bun has its own.
Object.assign(globalThis, { gc: () => bun.gc(true) });

serve(async () => {
  const server = bun.serve({
    hostname: host,
    port: 0,
    fetch: (request, server) =>
      server.upgrade(request) ? undefined : new Response('expected an upgrade', { status: 426 }),
    websocket: {
      message(socket, text) {
        for (const topic of text.slice('sub '.length).split(',')) socket.subscribe(topic);
        socket.send('ok');
      },
    },
  });
  return {
    port: server.port,
    publish: (channel, payload) => {
      server.publish(channel, typeof payload === 'string' ? payload : JSON.stringify(payload));
    },
  };
});
