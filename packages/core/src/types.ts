/** A value now or later: what a hook may return. */
export type MaybePromise<T> = T | Promise<T>;
