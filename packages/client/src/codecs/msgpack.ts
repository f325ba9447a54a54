import { msgpackCodec } from '@thrum/protocol/msgpack';
import type { SocketConstructor } from '../socket-like.ts';
import { createSocketClass } from './socket.ts';

/** The sockets of this class, or the host's, with MessagePack where the server chooses it. */
export const dress = (Socket: SocketConstructor | undefined): SocketConstructor =>
  createSocketClass(msgpackCodec, Socket);
