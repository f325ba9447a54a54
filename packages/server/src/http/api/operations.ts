/** The operations of the HTTP API. Whoever routes needs no more than this table, which costs nothing to load. */
export const operations = {
  publish: { method: 'POST', path: '/channels/{channel}/messages' },
  history: { method: 'GET', path: '/channels/{channel}/history' },
  presence: { method: 'GET', path: '/channels/{channel}/presence' },
  channels: { method: 'GET', path: '/channels' },
  batch: { method: 'POST', path: '/batch' },
  notify: { method: 'POST', path: '/notifications' },
  connections: { method: 'GET', path: '/connections' },
  disconnect: { method: 'DELETE', path: '/users/{id}/connections' },
  openapi: { method: 'GET', path: '/openapi.json' },
} as const;

export type OperationId = keyof typeof operations;

const patterns: readonly (readonly [RegExp, string])[] = Object.values(operations).map(({ method, path }) => [
  new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`),
  method,
]);

/** The methods that a path of the API has; none for a path of somebody else. */
export function apiMethods(path: string): readonly string[] {
  const methods = patterns.filter(([pattern]) => pattern.test(path)).map(([, method]) => method);
  return methods.includes('GET') ? [...methods, 'HEAD'] : methods;
}
