import { same, truthy } from '../check.ts';
import { nothing } from '../context.ts';
import { overWebSocket, type WireCase } from '../options.ts';

export function welcome(): readonly WireCase[] {
  return [
    {
      section: 1,
      title: 'the first frame is welcome, and nothing follows it unasked',
      run: async (wire) => {
        const client = await wire.dial({ query: `?token=${await wire.tokens.valid('alice')}` });
        same((await client.take()).type, 'welcome');
        await nothing(client);
      },
    },
    {
      section: 3,
      title: 'welcome says who, how alive and how much',
      run: async (wire) => {
        const client = await wire.dial({ query: `?token=${await wire.tokens.valid('alice')}` });
        const { connectionId, node, ...rest } = await client.next('welcome');
        truthy(typeof connectionId === 'string' && connectionId.length > 0, 'welcome has a connectionId');
        truthy(node === undefined || typeof node === 'string', 'node is a text');
        const { messageBytes, channels, rate, historyPage, pingSeconds, deadSeconds } = wire.limits;
        same(rest, {
          type: 'welcome',
          message: 'Connected to server',
          protocol: 1,
          authentication: 'done',
          userId: 'alice',
          heartbeat: { interval: pingSeconds * 1000, timeout: deadSeconds * 1000 },
          limits: { message: messageBytes, channels, rate, history: historyPage },
        });
      },
    },
    {
      section: 3,
      title: 'no two connections have the same connectionId, though they are one user’s',
      run: async (wire) => {
        const query = `?token=${await wire.tokens.valid('alice')}`;
        const clients = await Promise.all([1, 2, 3].map(() => wire.dial({ query })));
        const ids = await Promise.all(
          clients.map(async (client) => (await client.next('welcome'))['connectionId']),
        );
        same(new Set(ids).size, 3);
      },
    },
    {
      section: 1,
      title: 'with the subprotocol thrum.v1.json everything is the same',
      applies: overWebSocket,
      run: async (wire) => {
        const headers = { Authorization: `Bearer ${await wire.tokens.valid('alice')}` };
        const client = await wire.dial({ headers, protocols: ['thrum.v1.json'] });
        same(client.protocol, 'thrum.v1.json');
        await client.next('welcome');
        same(await client.ask({ type: 'ping', id: 1 }), { type: 'pong', id: 1 });
      },
    },
    {
      section: 1,
      title: 'a binary message is read like a text message and answered in text',
      applies: overWebSocket,
      json: 'a binary message is another codec’s own',
      run: async (wire) => {
        const client = await wire.connect();
        client.send(Buffer.from('{"type":"ping","id":"é"}'));
        same(await client.next('pong'), { type: 'pong', id: 'é' });
      },
    },
    {
      section: 1,
      title: 'ping is answered at once, while a frame before it is still being handled',
      run: async (wire) => {
        const client = await wire.connect();
        client.send({ type: 'call', method: 'wire.wait', params: { ms: 300 }, id: 'slow' });
        client.send({ type: 'ping', id: 'fast' });
        same((await client.take())['id'], 'fast');
        same((await client.take())['id'], 'slow');
      },
    },
    {
      section: 1,
      title: 'other frames wait for the one before them',
      run: async (wire) => {
        const client = await wire.connect();
        const channel = wire.channel();
        client.send({ type: 'call', method: 'wire.wait', params: { ms: 100 }, id: 1 });
        client.send({ type: 'subscribe', channel, id: 2 });
        client.send({ type: 'presence', channel, id: 3 });
        client.send({ type: 'unsubscribe', channel, id: 4 });
        same([1, 2, 3, 4], await Promise.all([1, 2, 3, 4].map(async () => (await client.take())['id'])));
      },
    },
  ];
}
