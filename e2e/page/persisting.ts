// What runs in the browser under persist.test.ts: the SDK with its storage, and the laws of that storage.
import { type Client, createClient, type Env } from '@thrum/client';
import { indexedDbPersist, indexedDbStore } from '@thrum/client/persist';
import { livingPageCases, persistCases } from '@thrum/conformance/persist';
import { hostEnv } from '../../packages/client/src/env.ts';

export interface PersistingPage {
  /** What came back from earlier pages, oldest first. */
  readonly restored: unknown[];
  readonly errors: string[];
  readonly laws: readonly string[];
  /** Runs one law on a database of its own; resolves with what is wrong. */
  check(law: string): Promise<string | undefined>;
  open(token: string, user: string): void;
  publish(...values: number[]): void;
  /** Everything that this tab's pages were given, and what they were told, over reloads. */
  listen(): void;
  heard(): unknown[];
  queued(): number;
  state(): string;
}

declare global {
  interface Window {
    persisting: PersistingPage;
  }
}

const laws = { ...persistCases, ...livingPageCases };
const channel = 'chat:reloads';
const noted = (): unknown[] => JSON.parse(sessionStorage.getItem('heard') ?? '[]') as unknown[];
const note = (what: unknown): void => sessionStorage.setItem('heard', JSON.stringify([...noted(), what]));
let client: Client;

// After 5 seconds without an answer of the store the SDK goes on without one. People should not wait longer; the disk of a
// machine that is busy with other tests may, and these tests are about what it says in the end.
const patient: Env = {
  ...hostEnv,
  timer: (ms, run) => hostEnv.timer(ms === 5000 ? 40_000 : ms, run),
};

window.persisting = {
  restored: [],
  errors: [],
  laws: Object.keys(laws),
  check: async (law) => {
    const name = `law-${law}`;
    try {
      await laws[law]?.(() => indexedDbStore({ name }));
      return undefined;
    } catch (error) {
      return String(error);
    }
  },
  open: (token, user) => {
    client = createClient('/ws', {
      env: patient,
      getToken: () => token,
      background: true,
      backoff: { base: 50, max: 200 },
      queue: { maxAge: 600_000, maxCount: 1000 },
      persist: indexedDbPersist({
        user,
        onRestored: ({ data }) => window.persisting.restored.push(data),
        onError: (error) => window.persisting.errors.push(String(error)),
      }),
    });
    client.connect();
  },
  publish: (...values) => {
    for (const value of values) void client.channel(channel).publish('message', value);
  },
  listen: () => {
    const handle = client.channel(channel);
    handle.onStatus(({ type }) => {
      if (type !== 'subscribing') note(type);
    });
    handle.on('message', ({ data }) => note(data));
  },
  heard: noted,
  queued: () => client.stats().queued,
  state: () => client.state,
};
