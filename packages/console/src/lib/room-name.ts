import { channelNameError } from '@thrum/protocol';

const defaultRoom = 'lobby';

/** The room that an address names: `#lobby`. */
export function roomFromHash(hash: string): string {
  const raw = hash.replace(/^#/, '');
  let room = raw;
  try {
    room = decodeURIComponent(raw);
  } catch {
    // A stray % is part of the name, then.
  }
  return roomProblem(room) === undefined ? room.trim() : defaultRoom;
}

export function hashOfRoom(room: string): string {
  return `#${encodeURIComponent(room)}`;
}

export function channelOfRoom(room: string): string {
  return `chat:${room}`;
}

/** The room whose messages this channel carries, if it is one. */
export function roomOfChannel(channel: string): string | undefined {
  const room = channel.slice(channelOfRoom('').length);
  return channelOfRoom(room) === channel && roomProblem(room) === undefined ? room : undefined;
}

/** Why this cannot be a room, as the end of a sentence; undefined when it can. */
export function roomProblem(room: string): string | undefined {
  const trimmed = room.trim();
  if (trimmed === '') return 'needs a name';
  if (trimmed.includes(':')) return 'has no colon in its name';
  return channelNameError(channelOfRoom(trimmed));
}
