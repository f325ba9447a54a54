import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { connectRaw } from '@thrum/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createThrum, type Thrum } from '../../src/index.ts';
import { silentLog } from '../support.ts';

/** What was written to the socket of an upgrade, whoever wrote it. */
class Writes {
  readonly sizes: number[] = [];

  constructor(socket: Duplex) {
    const write = socket.write.bind(socket) as (...values: unknown[]) => boolean;
    socket.write = (...values: unknown[]): boolean => {
      const { length } = values[0] as { readonly length: number };
      if (length > 0) this.sizes.push(length);
      return write(...values);
    };
  }

  clear(): void {
    this.sizes.length = 0;
  }
}

// With the library the bytes pass it by on the socket that it was given: an update of it must not change that.
describe.each(['thrum', 'ws'] as const)(
  'what a turn brings for a connection, engine %s,',
  (webSocketEngine) => {
    const writes: Writes[] = [];
    let server: Server;
    let app: Thrum;
    let url: string;

    beforeEach(async () => {
      writes.length = 0;
      server = createServer();
      server.prependListener('upgrade', (_: IncomingMessage, socket: Duplex) => {
        writes.push(new Writes(socket));
      });
      app = createThrum({
        channels: { a: {}, b: {} },
        auth: { anonymous: true, authenticate: fail },
        log: silentLog,
        webSocketEngine,
      });
      app.attach(server);
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/ws`;
    });

    afterEach(async () => {
      await app.close();
      server.close();
    });

    const join = async (...channels: string[]) => {
      const client = await connectRaw(url);
      for (const channel of channels) await client.ask({ type: 'subscribe', channel });
      for (const each of writes) each.clear();
      return client;
    };

    it('goes out in one write, as messages of their own in the order of the log', async () => {
      await using client = await join('a');
      for (let n = 1; n <= 50; n += 1) void app.publish('a', 'message', n);
      for (let n = 1; n <= 50; n += 1) expect((await client.next('message'))['data']).toBe(n);
      expect(writes[0]?.sizes).toHaveLength(1);
    });

    it('goes out in one write from all its channels and with its answers', async () => {
      await using client = await join('a', 'b');
      for (let n = 1; n <= 5; n += 1) {
        void app.publish('a', 'message', n);
        void app.publish('b', 'message', n);
      }
      for (let n = 1; n <= 10; n += 1) await client.next('message');
      expect(writes[0]?.sizes).toHaveLength(1);
    });

    it('is written early when it is much, so that the outbox does not fill up beside an idle network', async () => {
      await using client = await join('a');
      const large = 'x'.repeat(60_000);
      for (let n = 1; n <= 60; n += 1) void app.publish('a', 'message', large);
      for (let n = 1; n <= 60; n += 1) expect((await client.next('message'))['data']).toBe(large);
      expect(app.metrics.slowConsumers).toBe(0);
      expect(writes[0]?.sizes.length).toBeGreaterThan(5);
    });

    it('goes out before the close frame of the same turn', async () => {
      await using client = await join('a');
      void app.publish('a', 'message', 'last words');
      await Promise.resolve();
      await app.publish('a', 'message', 'and these');
      app.disconnect(app.connections()[0]?.userId ?? '');
      expect((await client.next('message'))['data']).toBe('last words');
      expect((await client.next('message'))['data']).toBe('and these');
      await client.closed();
    });

    it('does not wait for another turn when it is one publication', async () => {
      await using client = await join('a');
      const order: string[] = [];
      await app.publish('a', 'message', 1);
      // The end of the turn was asked for before this.
      setImmediate(() => order.push(`then ${writes[0]?.sizes.length}`));
      await client.next('message');
      expect(order).toEqual(['then 1']);
    });

    it('shares its bytes with every connection to which it goes', async () => {
      const seen: unknown[] = [];
      server.on('upgrade', (_: IncomingMessage, socket: Duplex) => {
        const write = socket.write.bind(socket) as (...values: unknown[]) => boolean;
        socket.write = (...values: unknown[]): boolean => (seen.push(values[0]), write(...values));
      });
      await using one = await join('a', 'b');
      await using two = await join('a', 'b');
      seen.length = 0;
      void app.publish('a', 'message', 1);
      void app.publish('b', 'message', 2);
      for (const client of [one, two, one, two]) await client.next('message');
      const large = seen.filter((bytes) => (bytes as Buffer).length > 0);
      expect(large).toHaveLength(2);
      expect(large[0]).toBe(large[1]);
    });
  },
);

function fail(): never {
  throw new Error('no token is accepted here');
}
