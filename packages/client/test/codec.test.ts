import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { msgpackCodec } from '@thrum/protocol/msgpack';
import { protobufCodec } from '@thrum/protocol/protobuf';
import { describe, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import { createClient } from '../src/index.ts';
import type { ClientOptions, CodecName } from '../src/index.ts';
import { welcome } from './support/fake-server.ts';
import { until } from './support/until.ts';

const codecs = { msgpack: msgpackCodec, protobuf: protobufCodec };

interface Heard {
  readonly data: Buffer;
  readonly isBinary: boolean;
}

/** Greets and listens, choosing among what is offered as it is told. */
async function startServer(choose: (offered: Set<string>) => string | false) {
  const heard: Heard[] = [];
  const offers: string[][] = [];
  const wss = new WebSocketServer({
    port: 0,
    handleProtocols: (offered) => {
      offers.push([...offered]);
      return choose(offered);
    },
  });
  await once(wss, 'listening');
  wss.on('connection', (socket) => {
    const codec = Object.values(codecs).find(({ subprotocol }) => subprotocol === socket.protocol);
    const send = (frame: object): void => socket.send(codec?.encode(frame) ?? JSON.stringify(frame));
    send(welcome);
    socket.on('message', (data: Buffer, isBinary) => {
      heard.push({ data, isBinary });
      const { id } = Object(isBinary ? codec?.decode(data) : JSON.parse(String(data))) as { id: unknown };
      send({ type: 'result', id, data: String(isBinary) });
      // What is no frame in any codec.
      if (isBinary) socket.send(Buffer.from('c1', 'hex'));
    });
  });
  return {
    url: `http://127.0.0.1:${(wss.address() as AddressInfo).port}/ws`,
    heard,
    offers,
    [Symbol.asyncDispose]: async () => {
      for (const socket of wss.clients) socket.terminate();
      wss.close();
      await once(wss, 'close');
    },
  };
}

function connect(url: string, options: ClientOptions) {
  return createClient(url, { transports: ['websocket'], backoff: { base: 10, max: 50 }, ...options });
}

describe.each(Object.entries(codecs))('a client that asks for %s', (name, { subprotocol }) => {
  const codec = name as CodecName;
  const preferred = (offered: Set<string>): string | false => [...offered][0] ?? false;

  it('speaks it where the server chooses it', async () => {
    await using server = await startServer(preferred);
    using client = connect(server.url, { codec });
    expect(await client.call('m', { text: 'hi', list: [1, 2.5, null] })).toBe('true');
    expect(server.offers).toEqual([[subprotocol, 'thrum.v1.json']]);
    expect(server.heard).toHaveLength(1);
    await until(() => client.stats().malformed === 1);
  });

  it('sends as text what takes no more bytes so, which is within the limit', async () => {
    await using server = await startServer(preferred);
    using client = connect(server.url, { codec: 'msgpack' });
    expect(
      await client.call(
        'm',
        Array.from({ length: 200 }, () => 0.5),
      ),
    ).toBe('false');
  });

  it('speaks JSON where the server prefers that', async () => {
    await using server = await startServer(() => 'thrum.v1.json');
    using client = connect(server.url, { codec });
    expect(await client.call('m')).toBe('false');
    expect(client.stats().malformed).toBe(0);
  });

  it('comes back with JSON where nothing that it offers is confirmed', async () => {
    await using server = await startServer(() => false);
    using client = connect(server.url, { codec });
    expect(await client.call('m')).toBe('false');
    expect(server.offers).toHaveLength(1);
  });

  it('asks for its token too, before it dials', async () => {
    await using server = await startServer(preferred);
    using client = connect(server.url, { codec, getToken: () => 'token' });
    client.connect();
    await until(() => server.heard.length === 1);
    expect(codecs[codec as 'msgpack'].decode(server.heard[0]?.data ?? '')).toMatchObject({
      type: 'auth',
      token: 'token',
    });
  });
});

describe('a codec', () => {
  it('that there is not is refused at once', () => {
    const codec = 'bson' as CodecName;
    expect(() => createClient('ws://localhost/', { codec })).toThrow(
      'codec: expected json, msgpack or protobuf, got bson',
    );
  });
});
