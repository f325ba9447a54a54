import { isError, same, truthy } from '../check.ts';
import type { WireContext } from '../context.ts';
import type { WireCase } from '../options.ts';

interface Answer {
  readonly session: string;
  readonly node: string;
  readonly seq: number;
  readonly frames: readonly string[];
}

async function post(
  wire: WireContext,
  path: string,
  body: object,
  type = 'application/json',
): Promise<Response> {
  const Authorization = `Bearer ${await wire.tokens.valid('alice')}`;
  const headers = { Authorization, 'Content-Type': type };
  return fetch(`${wire.httpUrl}/connect/${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
}

async function poll(wire: WireContext, body: object = {}): Promise<Answer> {
  const response = await post(wire, 'poll', body);
  same(response.status, 200);
  return (await response.json()) as Answer;
}

/** Ends a session that a case has opened. */
async function end(wire: WireContext, { session, node }: Answer, seq: number): Promise<void> {
  same((await post(wire, 'send', { session, node, seq, frames: [], close: true })).status, 204);
}

async function history(wire: WireContext, channel: string): Promise<unknown[]> {
  const client = await wire.connect();
  const { data } = await client.ask({ type: 'history', channel });
  const { publications } = data as { readonly publications: readonly { readonly data: unknown }[] };
  return publications.map((publication) => publication.data);
}

export function http(): readonly WireCase[] {
  return [
    {
      section: 17,
      title:
        'a POST that is sent again is answered as before and handled once; one that skips a number is not handled',
      run: async (wire) => {
        const opened = await poll(wire);
        const { session, node } = opened;
        const channel = wire.channel();
        const send = async (seq: number, data: unknown): Promise<number> => {
          const frames = [JSON.stringify({ type: 'message', channel, data })];
          return (await post(wire, 'send', { session, node, seq, frames })).status;
        };
        same([await send(1, 'a'), await send(1, 'a'), await send(3, 'c')], [204, 204, 409]);
        same([await send(2, 'b'), await send(1, 'a'), await send(3, 'c')], [204, 204, 204]);
        same(await history(wire, channel), ['a', 'b', 'c']);
        await end(wire, opened, 4);
      },
    },
    {
      section: 17,
      title: 'an answer that was not confirmed comes again, under the same numbers',
      run: async (wire) => {
        const opened = await poll(wire);
        const { session, node, seq } = opened;
        truthy(seq === opened.frames.length, 'frames are numbered from 1');
        await post(wire, 'send', { session, node, seq: 1, frames: ['{"type":"ping","id":1}'] });
        const lost = await poll(wire, { session, node, ack: seq });
        same(await poll(wire, { session, node, ack: seq }), lost);
        same(await poll(wire, { session, node, ack: lost.seq, timeout: 0 }), {
          session,
          node,
          seq: lost.seq,
          frames: [],
        });
        await end(wire, opened, 2);
      },
    },
    {
      section: 17,
      title: 'a session that this node does not have, or has no more, gets 404 and unknown_session',
      run: async (wire) => {
        const opened = await poll(wire);
        const { session, node } = opened;
        const names = [{ session: 'nonsense' }, { session: '__proto__' }, { session, node: `not-${node}` }];
        const asked = [
          ...names.map((name) => post(wire, 'poll', { ...name, ack: 0 })),
          ...names.map((name) => post(wire, 'send', { ...name, seq: 1, frames: [] })),
        ];
        for (const response of await Promise.all(asked)) {
          same(response.status, 404);
          same(((await response.json()) as { readonly code: unknown }).code, 'unknown_session');
        }
        await end(wire, opened, 1);
      },
    },
    {
      section: 17,
      title: 'the frames of a bad token are those of a WebSocket, and the last answer has the close',
      run: async (wire) => {
        const response = await fetch(`${wire.httpUrl}/connect/poll?token=nonsense`, {
          method: 'POST',
          headers: { 'Content-Type': 'application/json' },
          body: '{}',
        });
        const { frames, close } = (await response.json()) as Answer & { readonly close: unknown };
        same(frames.length, 1);
        isError(JSON.parse(frames[0] ?? '') as Readonly<Record<string, unknown>>, 'invalid_token');
        same(close, { code: 1008, reason: 'Invalid token' });
      },
    },
    {
      section: 17,
      title: 'a body that a form of any page could send gets 415, and is not handled',
      run: async (wire) => {
        const opened = await poll(wire);
        const { session, node } = opened;
        const channel = wire.channel();
        const frames = [JSON.stringify({ type: 'message', channel, data: 1 })];
        for (const type of ['text/plain', 'application/x-www-form-urlencoded']) {
          same((await post(wire, 'send', { session, node, seq: 1, frames }, type)).status, 415);
        }
        same(await history(wire, channel), []);
        await end(wire, opened, 1);
      },
    },
  ];
}
