import { randomBytes } from 'node:crypto';
import { createLog, type ThrumDefinition } from 'thrum';

/** The defaults of PROTOCOL.md §13, but for how many may come and how often they may ask, which is what is measured. */
export const limits = { connections: 1_000_000, rate: 1_000_000 } as const;

/** Thrum as it runs in production, where everybody may come in, as with the peers, and nobody shows a token. */
export const production: ThrumDefinition = {
  mode: 'production',
  auth: {
    anonymous: true,
    authenticate: () => {
      throw new Error('no token is accepted here');
    },
  },
  // A production server has a key; one without would say on standard error that its HTTP API is off.
  apiKeys: randomBytes(32).toString('hex'),
  limits,
  log: createLog({ level: 'warn' }),
};
