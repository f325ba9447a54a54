// The practical floor in Node: sockets, and just enough WebSocket to be spoken to. `turn` joins all that a connection gets
// in one turn of the event loop into one write; `each` writes every delivery at once.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { ClientFrames, serverFrame } from './frames.ts';
import { Rooms } from './rooms.ts';
import { host, serve } from './serve.ts';

const [, , joining] = process.argv;

const headersEnd = '\r\n\r\n';
/** RFC 6455 §1.3. */
const acceptSuffix = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

const rooms = new Rooms<Socket>();

/** What each connection gets at the end of this turn. Those that get the same share one list, and so one buffer. */
class Turn {
  private channels: { readonly channel: string; readonly frame: Buffer }[] = [];

  add(channel: string, frame: Buffer): void {
    // After all that was read in this turn, so nothing waits for what has not come yet.
    if (this.channels.length === 0) setImmediate(() => this.flush());
    this.channels.push({ channel, frame });
  }

  private flush(): void {
    const { channels } = this;
    this.channels = [];
    const only = channels.every(({ channel }) => channel === channels[0]?.channel);
    if (only) {
      const joined = Buffer.concat(channels.map(({ frame }) => frame));
      for (const socket of rooms.of(channels[0]?.channel ?? '')) socket.write(joined);
    } else this.flushMixed(channels);
  }

  private flushMixed(channels: readonly { readonly channel: string; readonly frame: Buffer }[]): void {
    const mine = new Map<Socket, string>();
    for (const [index, { channel }] of channels.entries()) {
      for (const socket of rooms.of(channel)) mine.set(socket, `${mine.get(socket) ?? ''} ${index}`);
    }
    const joined = new Map<string, Buffer>();
    for (const [socket, list] of mine) {
      let buffer = joined.get(list);
      if (buffer === undefined) {
        const frames = list
          .trim()
          .split(' ')
          .map((index) => channels[Number(index)]?.frame);
        buffer = Buffer.concat(frames.filter((frame) => frame !== undefined));
        joined.set(list, buffer);
      }
      socket.write(buffer);
    }
  }
}

function greet(socket: Socket): void {
  let head = '';
  const frames = new ClientFrames((text) => {
    rooms.join(socket, text);
    socket.write(serverFrame('ok'));
  });
  const upgrade = (bytes: Buffer): void => {
    head += bytes.toString('latin1');
    const end = head.indexOf(headersEnd);
    if (end < 0) return;
    const key = /^sec-websocket-key: *(\S+)/im.exec(head)?.[1] ?? '';
    const accept = createHash('sha1')
      .update(key + acceptSuffix)
      .digest('base64');
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        `Sec-WebSocket-Accept: ${accept}${headersEnd}`,
    );
    socket.off('data', upgrade);
    socket.on('data', (bytes) => frames.read(bytes));
    frames.read(Buffer.from(head.slice(end + headersEnd.length), 'latin1'));
    head = '';
  };
  socket.on('data', upgrade);
  socket.on('error', () => socket.destroy());
  socket.on('close', () => rooms.leave(socket));
}

serve(async () => {
  const server = createServer({ noDelay: true }, greet);
  server.listen(0, host);
  await once(server, 'listening');
  const turn = new Turn();
  return {
    port: (server.address() as AddressInfo).port,
    publish: (channel, payload) => {
      const frame = serverFrame(typeof payload === 'string' ? payload : JSON.stringify(payload));
      if (joining === 'turn') turn.add(channel, frame);
      else for (const socket of rooms.of(channel)) socket.write(frame);
    },
  };
});
