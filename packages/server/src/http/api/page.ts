/** Most entries of one page of a list. */
export const pageSize = 1000;

/** One page of a list, and where the next one begins. */
export interface Page<Item> {
  readonly items: readonly Item[];
  /** What `after` has to be for the next page; absent on the last. */
  readonly next?: string;
}

export interface PageQuery {
  readonly after?: string | undefined;
  readonly limit?: number | undefined;
}

/**
 * A page in the order of keys, beginning after the key `after`: what comes and goes between two pages moves nothing else
 * from one to the other. A `limit` that is not a whole number from 1 to {@link pageSize} counts as that.
 */
export function pageOf<Item>(
  list: readonly Item[],
  keyOf: (item: Item) => string,
  { after, limit }: PageQuery,
): Page<Item> {
  const size =
    limit !== undefined && Number.isInteger(limit) && limit >= 1 ? Math.min(limit, pageSize) : pageSize;
  const rest = after === undefined ? [...list] : list.filter((item) => keyOf(item) > after);
  rest.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  const items = rest.slice(0, size);
  const last = items.at(-1);
  return rest.length > size && last !== undefined ? { items, next: keyOf(last) } : { items };
}
