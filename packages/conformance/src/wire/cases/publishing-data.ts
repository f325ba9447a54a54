import { isAlive, isError, same } from '../check.ts';
import { publish, subscribe } from '../context.ts';
import type { WireCase } from '../options.ts';

/** JSON texts that must arrive as the same text: stored as they are, never merged. */
const kept: Readonly<Record<string, string>> = {
  null: 'null',
  false: 'false',
  zero: '0',
  'an empty string': '""',
  'an empty object': '{}',
  'an empty array': '[]',
  'a text with every kind of letter': JSON.stringify('é ß 漢 🚀 " \\ / \u0001 \u2028'),
  'numbers at their ends': '[9007199254740991,-1.5,1e-7,5e-324,1.7976931348623157e+308]',
  '32 levels': '['.repeat(32) + ']'.repeat(32),
  '32 levels of objects': `${'{"a":'.repeat(31)}{}${'}'.repeat(31)}`,
  __proto__: '{"__proto__":{"admin":true},"x":1}',
  'constructor and prototype': '{"constructor":{"prototype":{"admin":true}}}',
  'the protocol’s own words': '{"type":"error","code":"internal","id":"x"}',
};

const refused: Readonly<Record<string, string>> = {
  '1e999': '1e999',
  '-1e999 inside': '{"a":[-1e999]}',
  '33 levels': '['.repeat(33) + ']'.repeat(33),
  '1,000 levels of objects': `${'{"a":'.repeat(1000)}1${'}'.repeat(1000)}`,
};

const againstSchema: Readonly<Record<string, unknown>> = {
  'a number for a text': { text: 5 },
  'a text that is too long': { text: 'x'.repeat(21) },
  'no text': {},
  'a text alone': 'hi',
  null: null,
};

export const data: readonly WireCase[] = [
  ...Object.entries(kept).map(([title, text]): WireCase => ({
    section: 4,
    title: `data arrives as it was sent: ${title}`,
    run: async (wire) => {
      const client = await wire.connect();
      const channel = wire.channel();
      await subscribe(client, channel);
      client.send(`{"type":"message","channel":"${channel}","data":${text},"event":"kept"}`);
      await client.next('kept');
      const arrived = client.texts.find((frame) => frame.startsWith('{"type":"kept"')) ?? '';
      same(arrived.includes(`"data":${text},`), true, arrived);
    },
  })),
  ...Object.entries(refused).map(([title, text]): WireCase => ({
    section: 2,
    title: `data is refused with invalid_data: ${title}`,
    run: async (wire) => {
      const client = await wire.connect();
      const channel = wire.channel();
      client.send(`{"type":"message","channel":"${channel}","data":${text},"id":"bad"}`);
      isError(await client.take(), 'invalid_data', { id: 'bad' });
      await isAlive(client);
    },
  })),
  ...Object.entries(againstSchema).map(([title, value]): WireCase => ({
    section: 2,
    title: `data that the channel’s schema refuses gets invalid_data: ${title}`,
    run: async (wire) => {
      const client = await wire.connect();
      const channel = wire.channel('schema');
      isError(await client.ask({ type: 'message', channel, event: 'note', data: value }), 'invalid_data');
      await publish(client, channel, { text: 'x'.repeat(20) }, { event: 'note' });
    },
  })),
  {
    section: 4,
    title: 'a lone surrogate in data is refused or arrives as it was sent',
    json: 'UTF-8 has none, and only JSON has an escape for it',
    run: async (wire) => {
      const client = await wire.connect();
      const channel = wire.channel();
      await subscribe(client, channel);
      client.send(`{"type":"message","channel":"${channel}","data":"a\\ud800b","id":"odd"}`);
      const answer = await client.next((frame) => frame['id'] === 'odd' && !('timestamp' in frame));
      if (answer.type === 'ack') same((await client.next('message'))['data'], 'a\ud800b');
      else isError(answer, 'invalid_data');
      await isAlive(client);
    },
  },
  {
    section: 4,
    title: 'keys of data never become anything else’s: no prototype is changed',
    run: async (wire) => {
      const client = await wire.connect();
      const text = '{"__proto__":{"type":"polluted","retry":false}}';
      client.send(`{"type":"message","channel":"${wire.channel()}","data":${text},"id":"p"}`);
      same((await client.next('ack'))['id'], 'p');
      client.send(`{"type":"call","method":"wire.echo","params":${text},"id":"q"}`);
      same((await client.next('result'))['id'], 'q');
      same(client.texts.at(-1)?.includes(text), true);
      same((await client.ask({ type: 'ping', id: 1 })).type, 'pong');
    },
  },
];
