import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connectEvents, connectRaw } from '@thrum/testkit';
import { describe, expect, it } from 'vitest';
import { createThrum, type ThrumDefinition } from '../../src/index.ts';
import { silentLog } from '../support.ts';
import { channels, key, sender } from './api/support.ts';

const definition = { channels, apiKeys: key, log: silentLog } as const satisfies ThrumDefinition;

async function host(handle: RequestListener) {
  const server = createServer(handle).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = async () => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  };
  return { server, url, [Symbol.asyncDispose]: close };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}

describe('thrum.handler()', () => {
  it('serves the API and event streams, and WebSockets come by attach', async () => {
    await using thrum = createThrum(definition);
    await using app = await host(thrum.handler());
    thrum.attach(app.server);
    await using client = await connectRaw(`${app.url.replace('http', 'ws')}/ws`);
    await client.ask({ type: 'subscribe', channel: 'notifications' });
    await using events = await connectEvents(`${app.url}/events`);
    await events.next('thrum:subscribed');
    const send = sender(app.url);
    expect((await send('POST /notifications', { n: 1 })).text).toBe('{"success":true}');
    expect(await client.next('notification')).toMatchObject({ data: { n: 1 } });
    expect(await events.next('notification')).toMatchObject({ data: '{"n":1}' });
  });

  it('gives everything else to the application, its body unread and its headers unjudged', async () => {
    await using thrum = createThrum(definition);
    const handle = thrum.handler();
    await using app = await host((request, response) =>
      handle(request, response, () => {
        void bodyOf(request).then((body) => response.end(`app ${request.method} ${request.url} ${body}`));
      }),
    );
    const send = sender(app.url);
    const headers = Object.fromEntries(Array.from({ length: 70 }, (_, index) => [`x-${index}`, 'x']));
    expect((await send('POST /orders', { n: 1 }, headers)).text).toBe('app POST /orders {"n":1}');
    // Paths of the API with methods that it does not have, and those of a server of its own.
    for (const line of [
      'GET /notifications',
      'DELETE /channels',
      'GET /healthz',
      'GET /readyz',
      'GET /',
      'GET /ws',
    ])
      expect((await send(line)).text).toBe(`app ${line} `);
  });

  it('answers everything else by itself where there is nobody to give it to', async () => {
    await using thrum = createThrum(definition);
    await using app = await host(thrum.handler());
    const send = sender(app.url);
    expect(await send('GET /nothing')).toMatchObject({ status: 404, body: { title: 'Not Found' } });
    expect((await send('PUT /batch')).headers.get('allow')).toBe('POST');
  });

  it('leaves the paths of the API to the application where the API is off', async () => {
    const production = {
      mode: 'production',
      auth: { secret: 'x'.repeat(32) },
      origins: ['https://a.example'],
    } as const;
    await using thrum = createThrum({ channels, log: silentLog, ...production });
    const handle = thrum.handler();
    await using app = await host((request, response) => handle(request, response, () => response.end('app')));
    expect((await sender(app.url)('GET /channels')).text).toBe('app');
  });

  it('says what to do where a body parser came first', async () => {
    const lines: string[] = [];
    const log = {
      ...silentLog,
      error: (message: string, _fields: unknown, error: unknown) => lines.push(`${message} ${String(error)}`),
    };
    await using thrum = createThrum({ ...definition, log: log as typeof silentLog });
    const handle = thrum.handler();
    await using app = await host((request, response) => {
      void bodyOf(request).then(() => handle(request, response));
    });
    const answer = await sender(app.url)('POST /notifications', { n: 1 });
    expect(answer).toMatchObject({ status: 500, body: { code: 'internal' } });
    expect(lines.join()).toContain('mount thrum.handler() before body parsers');
    // Nothing was to be read here.
    expect((await sender(app.url)('GET /channels')).status).toBe(200);
  });

  it('serves under a prefix that the application has taken off', async () => {
    await using thrum = createThrum(definition);
    const handle = thrum.handler();
    await using app = await host((request, response) => {
      request.url = request.url?.replace(/^\/realtime/, '') ?? '/';
      handle(request, response);
    });
    expect((await sender(app.url)('GET /realtime/channels?limit=1')).text).toBe('{"channels":[]}');
  });

  it('is refused after the end', async () => {
    const thrum = createThrum(definition);
    await thrum.close({ drainMs: 0 });
    expect(() => thrum.handler()).toThrow('this server was closed');
  });
});
