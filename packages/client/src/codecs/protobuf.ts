import { protobufCodec } from '@thrum/protocol/protobuf';
import type { SocketConstructor } from '../socket-like.ts';
import { createSocketClass } from './socket.ts';

/** The sockets of this class, or the host's, with Protocol Buffers where the server chooses it. */
export const dress = (Socket: SocketConstructor | undefined): SocketConstructor =>
  createSocketClass(protobufCodec, Socket);
