import {
  type ChannelDefinition,
  type Core,
  createCore,
  type Log,
  type MethodDefinition,
  refuseUnknown,
} from '@thrum/core';
import { chooseAuth } from './auth-option.ts';
import { chooseBroker, type OwnBroker } from './brokers/own-broker.ts';
import { definitionNames, type ThrumDefinition } from './definition.ts';
import { ApiAccess } from './http/api/access.ts';
import { ApiEdge } from './http/api/edge.ts';
import type { Signing } from './http/playground-token.ts';
import { createNodeEnv } from './node/env.ts';
import { createLog } from './node/log.ts';
import { chooseStore, type OwnStore } from './stores/own-store.ts';
import { createHttpTransports, type HttpTransports } from './transports/http.ts';
import { WebSocketEdge } from './transports/websocket/edge.ts';
import { createOriginCheck, type OriginCheck } from './transports/websocket/origins.ts';
import { withUserChannel } from './user-channel.ts';
import { usesWebhooks } from './webhooks/options.ts';
import { createWebhooks, type Webhooks } from './webhooks/webhooks.ts';

/** What a server is made of. */
export interface Parts {
  readonly core: Core;
  readonly log: Log;
  readonly isAllowedOrigin: OriginCheck;
  /** What the playground's tokens are signed with; absent: it gives none. */
  readonly signing: Signing | undefined;
  readonly access: ApiAccess;
  readonly edge: WebSocketEdge;
  readonly api: ApiEdge;
  readonly http: HttpTransports;
  readonly ownBroker: OwnBroker;
  readonly ownStore: OwnStore;
  /** Absent: no backend is asked or told. */
  readonly webhooks: Webhooks | undefined;
}

/** Makes the parts of a definition; nothing starts. `ready` resolves when the server has. */
export function compose(definition: ThrumDefinition, ready: () => Promise<void> | undefined): Parts {
  refuseUnknown('option', definition, definitionNames, 'createThrum: ');
  const { mode = process.env['NODE_ENV'] === 'production' ? 'production' : 'development' } = definition;
  const development = mode === 'development';
  const env = createNodeEnv();
  const log = definition.log ?? createLog({ readable: development });
  const channels = withUserChannel(
    (definition.channels ?? {}) as Readonly<Record<string, ChannelDefinition>>,
  );
  const { broker, dataDir, redisUrl } = definition;
  const ownBroker = chooseBroker({ broker, dataDir, redisUrl, channels, env, log });
  const { auth: base, signing } = chooseAuth(definition, development);
  const { features, limits, node } = definition;
  const ownStore = chooseStore({ store: definition.store, dataDir, env });
  const { store } = ownStore;
  const webhooks = usesWebhooks(definition.webhooks)
    ? createWebhooks(definition.webhooks, { env, log, development, store, node })
    : undefined;
  const auth = webhooks === undefined ? base : webhooks.auth(base, limits?.authSeconds);
  const hooks = webhooks === undefined ? definition.hooks : webhooks.hooks(definition.hooks);
  const core = createCore({
    env,
    log,
    broker: ownBroker.broker,
    channels,
    methods: (definition.methods ?? {}) as Readonly<Record<string, MethodDefinition>>,
    ...(auth === undefined ? {} : { auth }),
    ...(features === undefined ? {} : { features }),
    ...(hooks === undefined ? {} : { hooks }),
    ...(limits === undefined ? {} : { limits }),
    ...(node === undefined ? {} : { node }),
    ...(store === undefined ? {} : { store }),
  });
  const isAllowedOrigin = createOriginCheck(definition.origins, development);
  const { compression, tokenCookie, webSocketEngine: engine } = definition;
  const edge = new WebSocketEdge({
    ...{ core, env, log, isAllowedOrigin, tokenCookie, ready },
    ...{ engine, compression },
  });
  const http = createHttpTransports(definition, { core, env, log, isAllowedOrigin, ready });
  const { apiKeys = [], apiBatch = 1000, apiBatchBytes = 1_048_576 } = definition;
  const access = new ApiAccess(typeof apiKeys === 'string' ? [apiKeys] : apiKeys, development);
  const api = new ApiEdge({ core, log, ready, access, batch: apiBatch, batchBytes: apiBatchBytes });
  return { core, log, edge, http, api, access, isAllowedOrigin, signing, ownBroker, ownStore, webhooks };
}
