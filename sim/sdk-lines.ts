import type { Published, State, StateInfo, Status, ThrumError } from '@thrum/client';
import type { Happening, Place } from './history.ts';

/** Which life of an SDK hears it, in which listening, of which channel. */
export interface Hearing {
  readonly c: string;
  readonly s: number;
  readonly channel: string;
}

/** The part of a publication that the history keeps. */
interface Heard {
  readonly epoch?: string | undefined;
  readonly offset?: number | undefined;
  readonly from?: string | undefined;
  readonly conflated?: number | undefined;
  readonly data: unknown;
}

export function statusLine(hearing: Hearing, { type, position, error }: Status): Happening {
  return {
    k: 'status',
    ...hearing,
    type,
    ...(position === undefined ? {} : { at: position }),
    ...(error === undefined ? {} : { code: error.code }),
  };
}

export function recvLine(hearing: Hearing, publication: Heard): Happening {
  const { from, data, conflated } = publication;
  const at = placeIn(publication);
  return {
    k: 'recv',
    ...hearing,
    v: (data as { readonly v: string }).v,
    ...(at === undefined ? {} : { at }),
    ...(from === undefined ? {} : { from }),
    ...(conflated === undefined ? {} : { conflated }),
  };
}

export function placeIn({ epoch, offset }: Heard): Place | undefined {
  return epoch === undefined || offset === undefined ? undefined : { epoch, offset };
}

export function stateLine(c: string, state: State, { code, error }: StateInfo): Happening {
  const named = (error as ThrumError | undefined)?.code;
  return {
    k: 'state',
    c,
    state,
    ...(code === undefined ? {} : { code }),
    ...(named === undefined ? {} : { error: named }),
  };
}

export function ackedLine(call: number, { position, duplicate }: Published): Happening {
  return { k: 'settled', call, ok: true, duplicate, ...(position === undefined ? {} : { at: position }) };
}
