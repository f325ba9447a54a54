import { type Codec, jsonCodec } from '@thrum/protocol';
import { msgpackCodec } from '@thrum/protocol/msgpack';
import { protobufCodec } from '@thrum/protocol/protobuf';

const codecs: ReadonlyMap<string, Codec> = new Map(
  [jsonCodec, msgpackCodec, protobufCodec].map((codec) => [codec.subprotocol, codec]),
);

/** The client's first choice among those spoken here; none where it offers no such one (PROTOCOL.md §18). */
export function chooseProtocol(offered: Iterable<string>): string | undefined {
  for (const protocol of offered) if (codecs.has(protocol)) return protocol;
  return undefined;
}

/** The codec of a connection with this subprotocol; without one, JSON. */
export function codecOf(protocol: string | undefined): Codec {
  return codecs.get(protocol ?? '') ?? jsonCodec;
}
