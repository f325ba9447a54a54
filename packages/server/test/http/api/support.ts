import { z } from 'zod';
import { startServer } from '../../support.ts';
import type { ThrumDefinition } from '../../../src/index.ts';

/** A key that production takes too. */
export const key = 'a-key-of-the-http-api-that-is-long-enough';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
  /** As it came. */
  readonly text: string;
}

export type Send = (
  request: string,
  body?: unknown,
  headers?: Readonly<Record<string, string>>,
) => Promise<Answer>;

/** A function that asks one server: `send('POST /batch', body)`; with the key unless a header says otherwise. */
export function sender(httpUrl: string): Send {
  return async (line, body, headers = {}) => {
    const [method = 'GET', path = '/'] = line.split(' ');
    const response = await fetch(httpUrl + path, {
      method,
      headers: {
        Authorization: `Bearer ${key}`,
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = text !== '' && response.headers.get('content-type')?.includes('json') === true;
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: isJson ? JSON.parse(text) : text,
    };
  };
}

/** Channels of every kind that the API meets. */
export const channels = {
  notifications: {},
  'room:{name}': { presence: true, history: { size: 1000 } },
  'typed:{name}': { events: { message: z.object({ text: z.string() }) } },
  'live:{name}': { tier: 'ephemeral' },
  'closed:{name}': { authorize: () => false },
} as const satisfies ThrumDefinition['channels'];

/** A server with a key, and how to ask it. */
export async function startApi(definition: ThrumDefinition = {}) {
  const server = await startServer({ channels, apiKeys: key, ...definition });
  return {
    server,
    send: sender(server.httpUrl),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
