import { type Codec, jsonCodec } from '@thrum/protocol';
import { msgpackCodec } from '@thrum/protocol/msgpack';
import { protobufCodec } from '@thrum/protocol/protobuf';

const codecs: ReadonlyMap<string, Codec> = new Map(
  [jsonCodec, msgpackCodec, protobufCodec].map((codec) => [codec.subprotocol, codec]),
);

/** The client's first choice among those spoken here; none where it offers no such one (PROTOCOL.md §1). */
export function chooseProtocol(offered: Iterable<string>): string | false {
  for (const protocol of offered) if (codecs.has(protocol)) return protocol;
  return false;
}

/** The codec of a connection with this subprotocol; without one, JSON. */
export function codecOf(protocol: string): Codec {
  return protocol === '' ? jsonCodec : (codecs.get(protocol) ?? jsonCodec);
}
