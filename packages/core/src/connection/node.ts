import type { WelcomeFrame } from '@thrum/protocol';
import type { Authorizer } from '../auth/authorizer.ts';
import type { Cursors } from '../channel/cursors.ts';
import type { Definitions } from '../channel/definitions.ts';
import type { Hub } from '../channel/hub.ts';
import type { Publisher } from '../channel/publisher.ts';
import type { Features } from '../features.ts';
import type { Hooks } from '../hooks.ts';
import type { MethodDefinition } from '../methods.ts';
import type { Running } from '../once.ts';
import type { Parts } from '../parts.ts';
import type { Auth } from '../ports/auth.ts';
import type { Store } from '../ports/store.ts';
import type { Presence } from '../presence/presence.ts';
import type { Trouble } from '../trouble.ts';

/** What `welcome` says to everybody alike. */
export type Greeting = Pick<WelcomeFrame, 'heartbeat' | 'limits' | 'node'>;

/** The parts of one server process, as its connections and commands see them. Composed in `core.ts`, passed in everywhere. */
export interface Node extends Parts {
  readonly greeting: Greeting;
  readonly auth: Auth | undefined;
  readonly hooks: Hooks;
  readonly definitions: Definitions;
  readonly authorizer: Authorizer;
  readonly hub: Hub;
  readonly presence: Presence;
  readonly publisher: Publisher;
  readonly features: Features;
  readonly methods: ReadonlyMap<string, MethodDefinition>;
  readonly store: Store;
  readonly cursors: Cursors;
  /** Idempotent handlers that run now, by key. */
  readonly running: Map<string, Running>;
  /** Frames that were answered with `unavailable`. */
  readonly outages: Trouble;
}
