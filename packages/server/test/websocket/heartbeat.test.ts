import { connectBytes, connectRaw, opcodes } from '@thrum/testkit';
import { startServer } from '../support.ts';
import { describe, expect, it } from 'vitest';
import { type Beating, Heartbeat } from '../../src/transports/heartbeat.ts';

const limits = { pingSeconds: 0.1, deadSeconds: 0.2 };

describe('the heartbeat', () => {
  it('pings without a payload and keeps whoever answers', async () => {
    await using server = await startServer({ limits });
    await using client = await connectBytes(server.url);
    for (let round = 0; round < 6; round += 1) {
      const ping = await client.next(opcodes.ping);
      expect(ping.payload).toHaveLength(0);
      client.frame({ opcode: opcodes.pong, payload: ping.payload });
    }
    client.text({ type: 'ping', id: 'still here' });
    await client.next(opcodes.text);
    expect((await client.next(opcodes.text)).payload.toString()).toContain('still here');
  });

  it('takes any byte for life, not only pongs', async () => {
    await using server = await startServer({ limits });
    await using client = await connectBytes(server.url);
    for (let round = 0; round < 6; round += 1) {
      await client.next(opcodes.ping);
      client.text({ type: 'ping' });
    }
  });

  it('gives up a silent connection with 4000, tells the core, and ends the socket at once', async () => {
    const gone = Promise.withResolvers<{ code: number; reason: string }>();
    await using server = await startServer({ limits, hooks: { disconnect: gone.resolve } });
    await using client = await connectBytes(server.url);
    const close = await client.next(opcodes.close);
    expect(close.payload.readUInt16BE(0)).toBe(4000);
    await client.ended();
    expect(await gone.promise).toMatchObject({ code: 4000, reason: 'Heartbeat timeout' });
    expect(server.app.connections()).toEqual([]);
  });

  it('does not let a dead connection touch a live one', async () => {
    await using server = await startServer({ limits });
    await using alive = await connectRaw(server.url);
    await using dead = await connectBytes(server.url);
    await dead.ended();
    expect(await alive.ask({ type: 'ping' })).toMatchObject({ type: 'pong' });
  });

  it('spreads the first pings of connections that came together', () => {
    using stopped = new DisposableStack();
    const heartbeat = new Heartbeat({ pingSeconds: 30, deadSeconds: 35, frameSeconds: 10 });
    stopped.defer(() => heartbeat.stop());
    const ticks = Array.from({ length: 500 }, () => {
      const connection: Beating = { seenTick: 0, pingTick: 0, unfinished: undefined, beat() {}, giveUp() {} };
      heartbeat.add(connection);
      return connection.pingTick;
    });
    expect(Math.min(...ticks)).toBeGreaterThanOrEqual(15);
    expect(Math.max(...ticks)).toBeLessThanOrEqual(30);
    expect(new Set(ticks).size).toBeGreaterThan(10);
  });

  it('refuses limits under which every connection would die between two pings', () => {
    expect(() => new Heartbeat({ pingSeconds: 30, deadSeconds: 30, frameSeconds: 10 })).toThrow(
      /deadSeconds/,
    );
  });
});
