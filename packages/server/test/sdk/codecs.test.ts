import { type Client, createClient, type CodecName } from '@thrum/client';
import { until } from '@thrum/testkit';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { mintToken } from '../../src/index.ts';
import { startServer } from '../support.ts';

const secret = 'a secret of at least thirty-two bytes';
const codecs: readonly CodecName[] = ['msgpack', 'protobuf'];

interface Watched {
  readonly client: Client;
  readonly protocols: readonly string[];
  readonly binary: number;
}

/** A client that counts the binary messages it gets. */
function connect(url: string, codec: CodecName): Watched & Disposable {
  const protocols: string[] = [];
  let binary = 0;
  class Counting extends WebSocket {
    constructor(address: string, offered?: string | string[]) {
      super(address, offered);
      this.on('open', () => protocols.push(this.protocol));
      this.on('message', (_, isBinary) => (binary += Number(isBinary)));
    }
  }
  const getToken = (): Promise<string> => mintToken({ secret, userId: codec });
  const client = createClient(url, {
    codec,
    getToken,
    transports: ['websocket'],
    WebSocket: Counting as never,
    backoff: { base: 20, max: 200 },
  });
  return {
    client,
    protocols,
    get binary() {
      return binary;
    },
    [Symbol.dispose]: () => client.dispose(),
  };
}

describe.each(codecs)('the SDK in %s', (codec) => {
  it('publishes, recovers, asks for history and members, beside one in JSON', async () => {
    await using server = await startServer({ auth: { secret } });
    using ada = connect(server.url, codec);
    using bob = connect(server.url, 'json');
    const [room, same] = [ada, bob].map(({ client }) => client.channel('room:a', { presence: true }));
    if (room === undefined || same === undefined) throw new Error('two handles');
    const got: unknown[][] = [[], []];
    for (const [index, handle] of [room, same].entries()) {
      handle.on('message', ({ data, from, offset }) => got[index]?.push([data, from, offset]));
    }
    await until(() => room.status === 'subscribed' && same.status === 'subscribed', 'both have joined');
    const data = { text: 'h\u00e9\u{1f680}', list: [0, -1, 2 ** 40, 0.5, null, true], '': { deep: [[]] } };
    await room.publish('message', data);
    await same.publish('message', 'back');
    const expected = [
      [data, codec, 1],
      ['back', 'json', 2],
    ];
    await until(() => got.every((list) => list.length === 2), 'both have all');
    expect(got).toEqual([expected, expected]);
    expect((await room.history()).publications.map((publication) => publication.data)).toEqual([
      data,
      'back',
    ]);
    const { members } = await room.presence.get();
    expect(members.map(({ userId }) => userId).sort()).toEqual(['json', codec].sort());
    expect(ada.protocols).toEqual([`thrum.v1.${codec}`]);
    expect(ada.binary).toBeGreaterThan(4);
    expect([bob.protocols, bob.binary]).toEqual([[''], 0]);
  });
});
