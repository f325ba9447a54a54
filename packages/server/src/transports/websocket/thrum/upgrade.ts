import { hash } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Agreement, Upgrade } from '../agreement.ts';
import { ThrumConnection } from './connection.ts';

/** RFC 6455 §1.3. */
const acceptSuffix = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

const switching =
  'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ';

/** Ends a handshake with Thrum's own reader of frames. */
export const upgrade: Upgrade = ({ headers }, socket, head, agreement) => {
  if (!socket.readable || !socket.writable) {
    socket.destroy();
    return undefined;
  }
  // An application's server may hand over any Duplex.
  const { setTimeout, setNoDelay } = socket as Partial<Socket>;
  setTimeout?.call(socket, 0);
  setNoDelay?.call(socket, true);
  if (head.length > 0) socket.unshift(head);
  return new ThrumConnection(socket, agreement.wire, answer(headers['sec-websocket-key'] ?? '', agreement));
};

function answer(key: string, { protocol, extensions }: Agreement): Buffer {
  let text = switching + hash('sha1', key + acceptSuffix, 'base64');
  if (protocol !== undefined) text += `\r\nSec-WebSocket-Protocol: ${protocol}`;
  if (extensions !== undefined) text += `\r\nSec-WebSocket-Extensions: ${extensions}`;
  return Buffer.from(`${text}\r\n\r\n`, 'latin1');
}
