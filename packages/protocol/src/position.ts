/** A place in a channel's log (PROTOCOL.md §6). Offset 0 is before the first publication. */
export interface Position {
  readonly epoch: string;
  readonly offset: number;
}

/** Where a subscription begins: after a position, with the newest publication, or with the newest `last`. */
export type Since = Position | 'latest' | { readonly last: number };

export function isPosition(value: unknown): value is Position {
  const { epoch, offset } = Object(value) as Record<string, unknown>;
  return typeof epoch === 'string' && epoch.length > 0 && epoch.length <= 64 && isOffset(offset);
}

/** A non-negative safe integer. */
export function isOffset(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

export function isSince(value: unknown): value is Since {
  if (value === 'latest' || isPosition(value)) return true;
  return typeof value === 'object' && value !== null && isOffset((value as Record<string, unknown>)['last']);
}
