const hidden = '‹redacted›';

/** A copy of a JSON value with every string under a key named `token` hidden, at any depth. */
export function redactTokens(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(redactTokens);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      key === 'token' && typeof inner === 'string' ? hidden : redactTokens(inner),
    ]),
  );
}

/** An address without what may be a secret: user info and the `token` parameter. */
export function redactUrl(url: string): string {
  return url.replace(/([?&]token=)[^&#]*/g, `$1${hidden}`).replace(/^([a-z]+:\/\/)[^/@]*@/i, '$1');
}
