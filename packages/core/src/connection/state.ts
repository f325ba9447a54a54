/** `waiting` to authenticate, `open`, `closing` once a close was asked for, `closed` once the transport is gone. */
export type ConnectionState = 'waiting' | 'open' | 'closing' | 'closed';

export type ConnectionInput = 'authenticated' | 'close' | 'gone';

/** Where each input leads. No entry: the input has no place in that state and changes nothing. */
const table: Readonly<Record<ConnectionState, Readonly<Partial<Record<ConnectionInput, ConnectionState>>>>> =
  {
    waiting: { authenticated: 'open', close: 'closing', gone: 'closed' },
    open: { authenticated: 'open', close: 'closing', gone: 'closed' },
    closing: { gone: 'closed' },
    closed: {},
  };

/** The state after an input; `undefined` when the input does not belong there. */
export function nextState(state: ConnectionState, input: ConnectionInput): ConnectionState | undefined {
  return table[state][input];
}

/** Which frames a state lets in (PROTOCOL.md §9): before authentication `auth` and `ping` alone. */
export function admits(state: ConnectionState, type: string): boolean {
  if (state === 'open') return true;
  return state === 'waiting' && (type === 'auth' || type === 'ping');
}
