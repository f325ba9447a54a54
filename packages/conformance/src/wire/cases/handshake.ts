import { exchange, openSocket, sampleKey, type UpgradeRequest, upgradeRequest, within } from '@thrum/testkit';
import { same, truthy } from '../check.ts';
import type { WireCase, WireOptions } from '../options.ts';

interface Row {
  readonly title: string;
  readonly request: UpgradeRequest;
  readonly status: number;
  readonly header?: readonly [name: string, value: string];
}

const version = ['sec-websocket-version', '13'] as const;

const rows: readonly Row[] = [
  {
    title: 'version 8',
    request: { headers: { 'Sec-WebSocket-Version': '8' } },
    status: 426,
    header: version,
  },
  {
    title: 'version 14',
    request: { headers: { 'Sec-WebSocket-Version': '14' } },
    status: 426,
    header: version,
  },
  {
    title: 'no version',
    request: { headers: { 'Sec-WebSocket-Version': undefined } },
    status: 426,
    header: version,
  },
  { title: 'POST with Upgrade', request: { method: 'POST' }, status: 405 },
  { title: 'PUT with Upgrade', request: { method: 'PUT' }, status: 405 },
  { title: 'a path that nothing serves', request: { path: '/nowhere' }, status: 404 },
  { title: 'a path below the WebSocket’s', request: { path: '/ws/nowhere' }, status: 404 },
  { title: 'a path that only begins like it', request: { path: '/wsx?token=x' }, status: 404 },
  { title: 'no key', request: { headers: { 'Sec-WebSocket-Key': undefined } }, status: 400 },
  {
    title: 'a key that is too short',
    request: { headers: { 'Sec-WebSocket-Key': 'c2hvcnQ=' } },
    status: 400,
  },
  {
    title: 'a key that is not base64',
    request: { headers: { 'Sec-WebSocket-Key': '!'.repeat(24) } },
    status: 400,
  },
  { title: 'an Upgrade to something else', request: { headers: { Upgrade: 'teapot' } }, status: 400 },
  { title: '65 headers', request: { lines: headerLines(60) }, status: 431 },
  { title: '64 headers', request: { lines: headerLines(59) }, status: 101 },
  { title: '200 headers', request: { lines: headerLines(195) }, status: 431 },
  { title: 'one header of 8 KiB', request: { lines: [`X-Long: ${'x'.repeat(8192)}`] }, status: 431 },
  { title: 'many headers of 9 KiB in all', request: { lines: headerLines(9, 1000) }, status: 431 },
  { title: 'headers of 7 KiB', request: { lines: headerLines(7, 1000) }, status: 101 },
  { title: 'a handshake with no Origin', request: {}, status: 101 },
  {
    title: 'the handshake of RFC 6455 §1.3',
    request: {},
    status: 101,
    header: ['sec-websocket-accept', sampleKey.accept],
  },
  {
    title: 'the subprotocol thrum.v1.json',
    request: { headers: { 'Sec-WebSocket-Protocol': 'thrum.v1.json' } },
    status: 101,
    header: ['sec-websocket-protocol', 'thrum.v1.json'],
  },
  {
    title: 'several subprotocols, one of them known',
    request: { headers: { 'Sec-WebSocket-Protocol': 'graphql-ws, thrum.v1.json' } },
    status: 101,
    header: ['sec-websocket-protocol', 'thrum.v1.json'],
  },
  {
    title: 'the subprotocol thrum.v1.msgpack',
    request: { headers: { 'Sec-WebSocket-Protocol': 'thrum.v1.msgpack' } },
    status: 101,
    header: ['sec-websocket-protocol', 'thrum.v1.msgpack'],
  },
  {
    title: 'several known subprotocols, the preferred one first',
    request: {
      headers: { 'Sec-WebSocket-Protocol': 'mqtt, thrum.v1.protobuf, thrum.v1.json, thrum.v1.msgpack' },
    },
    status: 101,
    header: ['sec-websocket-protocol', 'thrum.v1.protobuf'],
  },
  {
    title: 'JSON preferred to MessagePack',
    request: { headers: { 'Sec-WebSocket-Protocol': 'thrum.v1.json, thrum.v1.msgpack' } },
    status: 101,
    header: ['sec-websocket-protocol', 'thrum.v1.json'],
  },
  ...['a, a', 'a,,b', 'thrum.v1.json,', 'thrum.v1.json;x'].map((names) => ({
    title: `the malformed Sec-WebSocket-Protocol: ${names}`,
    request: { headers: { 'Sec-WebSocket-Protocol': names } },
    status: 400,
  })),
  ...['permessage-deflate; unknown', 'permessage-deflate; server_max_window_bits=99', ';', '"'].map(
    (offer) => ({
      title: `the extensions ${offer}, which cannot be agreed to,`,
      request: { headers: { 'Sec-WebSocket-Extensions': offer } },
      status: 101,
    }),
  ),
];

export function handshake(options: WireOptions): readonly WireCase[] {
  return [...rows.map(answered), ...origins(options.allowedOrigin), ...others];
}

function answered({ title, request, status, header }: Row): WireCase {
  return {
    section: 1,
    title: `${title} is answered with HTTP ${status}${header === undefined ? '' : ` and ${header[0]}`}`,
    run: async (wire) => {
      const response = await wire.handshake(request);
      same(response.status, status);
      if (header !== undefined) same(response.headers.get(header[0]), header[1]);
    },
  };
}

const others: readonly WireCase[] = [
  {
    section: 1,
    title: 'a subprotocol that the server does not know is never confirmed',
    run: async (wire) => {
      const response = await wire.handshake({ headers: { 'Sec-WebSocket-Protocol': 'graphql-ws, mqtt' } });
      same(response.headers.get('sec-websocket-protocol'), undefined);
    },
  },
  {
    section: 1,
    title: 'no extension is confirmed that the client did not offer',
    run: async (wire) => same((await wire.handshake()).headers.get('sec-websocket-extensions'), undefined),
  },
  {
    section: 1,
    title: 'a refused handshake ends its TCP connection',
    run: async (wire) => {
      const socket = await openSocket(wire.url);
      wire.defer(() => void socket.destroy());
      const { host, pathname } = new URL(wire.url);
      const headers = { 'Sec-WebSocket-Version': '8' };
      same((await exchange(socket, upgradeRequest(host, { path: pathname, headers }))).status, 426);
      const ended = new Promise<void>((resolve) => void socket.once('close', resolve).once('end', resolve));
      socket.resume();
      await within(ended, () => 'the end of the TCP connection');
    },
  },
  {
    section: 13,
    title: 'a connection that says nothing ends in bounded time, and so does one whose headers trickle in',
    needs: ({ handshakeSeconds }) => handshakeSeconds !== undefined,
    run: async (wire) => {
      const deadline = (wire.options.handshakeSeconds ?? 60) * 1000 + 30_000;
      const silent = await openSocket(wire.url);
      const slow = await openSocket(wire.url);
      const trickle = setInterval(() => void (slow.writable && slow.write('X')), 50);
      slow.write('GET /ws HTTP/1.1\r\nX-Slow: ');
      wire.defer(() => {
        clearInterval(trickle);
        silent.destroy();
        slow.destroy();
      });
      const ends = [silent, slow].map(
        (socket) =>
          new Promise<void>((resolve) => void socket.resume().once('end', resolve).once('close', resolve)),
      );
      await within(Promise.all(ends), () => 'the end of both connections', deadline);
      truthy(true, 'both ended');
    },
  },
];

function origins(allowed: string | undefined): WireCase[] {
  const { protocol, host, hostname } = new URL(allowed ?? 'https://app.example');
  const refused: Readonly<Record<string, string>> = {
    'another host': `${protocol}//evil.example`,
    'a host that ends like the allowed one': `${protocol}//evil${host}`,
    'a host that begins like the allowed one': `${protocol}//${host}.evil.example`,
    'a subdomain of the allowed one': `${protocol}//sub.${host}`,
    'another scheme': `${protocol === 'https:' ? 'http:' : 'https:'}//${host}`,
    'another port': `${protocol}//${hostname}:8443`,
    'the allowed one with a path': `${protocol}//${host}/path`,
    'the allowed one as user name': `${protocol}//${host}@evil.example`,
    null: 'null',
    nothing: '',
  };
  const needs = ({ allowedOrigin }: WireOptions) => allowedOrigin !== undefined;
  const open: WireCase = {
    section: 1,
    title: 'the allowed Origin is let in',
    needs,
    run: async (wire) => same((await wire.handshake({ headers: { Origin: allowed } })).status, 101),
  };
  const shut = Object.entries(refused).map(([title, Origin]): WireCase => ({
    section: 1,
    title: `an Origin of ${title} is answered with HTTP 403`,
    needs,
    run: async (wire) => same((await wire.handshake({ headers: { Origin } })).status, 403),
  }));
  return [open, ...shut];
}

function headerLines(count: number, length = 1): string[] {
  return Array.from({ length: count }, (_, index) => `X-${index}: ${'x'.repeat(length)}`);
}
