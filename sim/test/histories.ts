import type { Happening, Line, Place } from '../history.ts';

/** A history by hand: each line a millisecond after the one before it. */
export function history(...happenings: readonly Happening[]): Line[] {
  return happenings.map((happening, t) => ({ t, ...happening }));
}

export function at(offset: number, epoch = 'e1'): Place {
  return { epoch, offset };
}

export const log: Happening = { k: 'log', epoch: 'e1', why: 'start' };
export const wipe: Happening = { k: 'log', epoch: 'e2', why: 'wipe' };

export function publish(v: string, call = Number(v.split('#')[1])): Happening {
  return { k: 'publish', call, v, channel: 'a', from: 'ada', id: `${v}!` };
}

export function append(v: string, place?: Place): Happening {
  return { k: 'append', channel: 'a', v, from: 'ada', ...(place === undefined ? {} : { at: place }) };
}

export const listen: Happening = { k: 'listen', c: 'c1.1', s: 1, channel: 'a' };

export function status(type: string, place: Place): Happening {
  return { k: 'status', c: 'c1.1', s: 1, channel: 'a', type, at: place };
}

export function recv(v: string, place?: Place): Happening {
  return {
    k: 'recv',
    c: 'c1.1',
    s: 1,
    channel: 'a',
    v,
    from: 'ada',
    ...(place === undefined ? {} : { at: place }),
  };
}

export function settled(call: number, rest: { readonly code?: string; readonly at?: Place } = {}): Happening {
  return { k: 'settled', call, ok: rest.code === undefined, ...rest };
}

export const open: Happening = { k: 'open', conn: 'x', node: 'n1', c: 'c1.1', user: 'ada' };

export function asked(since?: unknown, ack = false): Happening {
  return {
    k: 'asked',
    conn: 'x',
    channel: 'a',
    id: 1,
    ...(since === undefined ? {} : { since }),
    ...(ack ? { ack } : {}),
  };
}

export function answered(place: Place, recovered = false): Happening {
  return { k: 'answered', conn: 'x', channel: 'a', id: 1, at: place, recovered };
}

/** The same client on another connection. */
export const reopen: Happening = { k: 'open', conn: 'y', node: 'n2', c: 'c1.1', user: 'ada' };

export function resent(v: string): Happening {
  return { k: 'sent', conn: 'y', channel: 'a', v };
}

export function sent(v: string, place?: Place): Happening {
  return { k: 'sent', conn: 'x', channel: 'a', v, ...(place === undefined ? {} : { at: place }) };
}

export function page(
  top: Place,
  items: readonly (readonly [string, number])[],
  more: { readonly since?: Place; readonly recovered?: boolean } = {},
): Happening {
  const { recovered = true, ...rest } = more;
  return {
    k: 'page',
    conn: 'x',
    channel: 'a',
    asked: 0,
    reverse: false,
    at: top,
    recovered,
    more: false,
    items: items.map(([v, offset]) => ({ v, at: at(offset) })),
    ...rest,
  };
}
