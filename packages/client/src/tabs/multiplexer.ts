import type { FrameId, Position } from '@thrum/protocol';
import type { SocketLike } from '../socket-like.ts';

/** One connection to the server, shared by members that each speak to it as if it were theirs. */
export interface Multiplexer {
  /** From now on it hears what is for it, and first of the `welcome` that was before its time. */
  attach(member: string): void;
  /** Leaves what nobody else is in. */
  detach(member: string): void;
  /** A frame of a member. */
  up(member: string, data: string): void;
  /** A frame of the server; returns its type. */
  down(data: string): string | undefined;
}

/** Gives a frame to members. */
export type Tell = (members: readonly string[], data: string) => void;

interface Frame {
  readonly type?: string;
  readonly id?: FrameId;
  readonly channel?: string;
  readonly [field: string]: unknown;
}

/** Who waits for the answer to an id, and under which id they know it. */
interface Route {
  readonly member: string;
  readonly frame: Frame;
}

/** What the members of a channel asked for: their `subscribe`, and the newest of what each has confirmed. */
interface Room {
  readonly wishes: Map<string, Frame>;
  readonly confirmed: Map<string, Frame>;
  /** Of the newest publication: where the stream that all of them hear is now. */
  position?: Position | undefined;
}

const shared = ['presence', 'ack', 'name'] as const;
const aboutMembers: readonly unknown[] = ['presence', 'joined', 'left'];

/** What is no frame is for whoever gets it to judge. */
const read = (data: string): Frame => {
  try {
    return Object(JSON.parse(data)) as Frame;
  } catch {
    return {};
  }
};

export const createMultiplexer = (socket: Pick<SocketLike, 'send'>, tell: Tell): Multiplexer => {
  const members = new Set<string>();
  const rooms = new Map<string, Room>();
  const routes = new Map<FrameId, Route[]>();
  let lastId = 0;
  let welcome: string | undefined;

  const send = (frame: object): void => socket.send(JSON.stringify(frame));

  /** One subscription for all: a second `subscribe` takes the place of the first (PROTOCOL.md §2), so it asks for what either wants. */
  const subscribe = (member: string, frame: Frame, channel: string): Frame => {
    const room = rooms.get(channel) ?? {
      wishes: new Map<string, Frame>(),
      confirmed: new Map<string, Frame>(),
    };
    rooms.set(channel, room);
    room.wishes.set(member, frame);
    const all: Record<string, unknown> = {};
    for (const wish of room.wishes.values()) for (const key of shared) all[key] ||= wish[key];
    // Who asked for fewer takes more; who asked for all must not get fewer (PROTOCOL.md §19).
    const rates = Array.from(room.wishes.values(), (wish) => Number(wish['maxRate'] ?? Infinity));
    all['maxRate'] = Math.max(...rates) < Infinity ? Math.max(...rates) : undefined;
    // Where the others are, lest they miss what is on its way to them; what somebody has already, their SDK drops.
    return { ...frame, since: all['name'] ? frame['since'] : (frame['since'] ?? room.position), ...all };
  };

  /** The frame with which the last one leaves; nothing where others stay. */
  const unsubscribe = (member: string, channel: string): Frame | undefined => {
    const room = rooms.get(channel);
    room?.wishes.delete(member);
    room?.confirmed.delete(member);
    if (room && room.wishes.size > 0) return undefined;
    rooms.delete(channel);
    return { type: 'unsubscribe', channel };
  };

  /** What all who want to confirm have confirmed (PROTOCOL.md §7). */
  const confirm = (member: string, frame: Frame, channel: string): Frame => {
    const room = rooms.get(channel);
    room?.confirmed.set(member, frame);
    const offsets = [...(room?.wishes ?? [])]
      .filter(([, wish]) => wish['ack'])
      .map(([name]) => room?.confirmed.get(name))
      .map((last) => (last?.['epoch'] === frame['epoch'] ? Number(last?.['offset']) : 0));
    return { ...frame, offset: Math.min(Number(frame['offset']), ...offsets) };
  };

  /** What goes to the server in its place, if anything does. */
  const translate = (member: string, frame: Frame): Frame | undefined => {
    const { type, channel, id } = frame;
    if (!channel) return frame;
    if (type === 'subscribe') return subscribe(member, frame, channel);
    if (type === 'ack') return confirm(member, frame, channel);
    if (type !== 'unsubscribe') return frame;
    const last = unsubscribe(member, channel);
    if (!last) tell([member], JSON.stringify({ type: 'unsubscribed', channel, id }));
    return last && frame;
  };

  const onAnswer = (frame: Frame, { member, frame: asked }: Route): void => {
    const { channel, id } = asked;
    const room = rooms.get(channel ?? '');
    if (room && asked.type === 'subscribe') {
      if (frame.type === 'error') room.wishes.delete(member);
      else room.position = frame['position'] as Position | undefined;
    }
    tell([member], JSON.stringify({ ...frame, id }));
  };

  return {
    attach: (member) => {
      members.add(member);
      if (welcome) tell([member], welcome);
    },
    detach: (member) => {
      members.delete(member);
      for (const [channel, { wishes }] of rooms) {
        const last = wishes.has(member) && unsubscribe(member, channel);
        if (last) send(last);
      }
    },
    up: (member, data) => {
      const frame = read(data);
      const sent = translate(member, frame);
      if (!sent) return;
      if (frame.id === undefined) return send(sent);
      // An idempotency key means the same to everybody; the other ids are each member's own.
      const isKey = typeof frame.id === 'string' && (frame.type === 'message' || frame.type === 'call');
      const id = isKey ? frame.id : (lastId += 1);
      routes.set(id, [...(routes.get(id) ?? []), { member, frame }]);
      send({ ...sent, id });
    },
    down: (data) => {
      const frame = read(data);
      const { type, id, channel = '', epoch, offset } = frame;
      const room = rooms.get(channel);
      // Publications carry ids too, and a timestamp, which no answer has (PROTOCOL.md §3 and §4).
      if (id !== undefined && frame['timestamp'] === undefined) {
        const waiting = routes.get(id) ?? [];
        routes.delete(id);
        for (const route of waiting) onAnswer(frame, route);
        return type;
      }
      if (type === 'welcome') welcome = data;
      if (type === 'unsubscribed') rooms.delete(channel);
      if (room && type === 'subscribed') room.position = frame['position'] as Position | undefined;
      if (room && offset !== undefined) room.position = { epoch, offset } as Position;
      const isWanted = (wish: Frame): unknown => wish['presence'] || !aboutMembers.includes(type);
      const inRoom = [...(room?.wishes ?? [])].filter(([, wish]) => isWanted(wish)).map(([member]) => member);
      tell(room ? inRoom : [...members], data);
      return type;
    },
  };
};
