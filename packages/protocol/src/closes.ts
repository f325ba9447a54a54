/** 1008 reasons after which a client stays away (PROTOCOL.md §12); the other 1008 reasons ask it to come back. */
export const terminalReasons: readonly string[] = [
  'Authentication required',
  'Invalid token',
  'Session expired',
];

/** 1008 reasons that a fresh token can cure. */
export const tokenReasons: readonly string[] = ['Invalid token', 'Session expired'];

/** How either side gives up a peer that fell silent; apart from the others so that a bundle can have it alone. */
export const heartbeatClose = { code: 4000, reason: 'Heartbeat timeout' } as const;

/** Close codes that the server or the SDK sends by name. */
export const closeCodes = {
  normal: { code: 1000, reason: '' },
  goingAway: { code: 1001, reason: 'Going away' },
  protocolError: { code: 1002, reason: 'Protocol error' },
  invalidUtf8: { code: 1007, reason: 'Invalid UTF-8' },
  fragments: { code: 1008, reason: 'Too many fragments' },
  tooBig: { code: 1009, reason: 'Message too big' },
  internal: { code: 1011, reason: 'Internal error' },
  restart: { code: 1012, reason: 'Service restart' },
  tryLater: { code: 1013, reason: 'Try again later' },
  heartbeat: heartbeatClose as typeof heartbeatClose,
  disconnected: { code: 4500, reason: 'Disconnected' },
} as const;

/**
 * Whether a client comes back by itself after this close (PROTOCOL.md §12): not after 1000, not after 4500–4999,
 * and after 1008 only for the reasons that time can cure.
 */
export function mayReconnect(code: number, reason: string): boolean {
  if (code === 1000) return false;
  if (code === 1008) return !terminalReasons.includes(reason);
  return code < 4500 || code > 4999;
}
