import type { Codec } from '@thrum/protocol';
import type { TransportName } from '@thrum/testkit';
import { describe, it } from 'vitest';
import { acks } from './cases/acks.ts';
import { anonymous } from './cases/anonymous.ts';
import { auth } from './cases/auth.ts';
import { bytes } from './cases/bytes.ts';
import { calls } from './cases/calls.ts';
import { capacity } from './cases/capacity.ts';
import { codec } from './cases/codec.ts';
import { conflation } from './cases/conflation.ts';
import { deadlines } from './cases/deadlines.ts';
import { events } from './cases/events.ts';
import { handshake } from './cases/handshake.ts';
import { history } from './cases/history.ts';
import { http } from './cases/http.ts';
import { isolation } from './cases/isolation.ts';
import { limits } from './cases/limits.ts';
import { malformed } from './cases/malformed.ts';
import { named } from './cases/named.ts';
import { names } from './cases/names.ts';
import { presence } from './cases/presence.ts';
import { publishing } from './cases/publishing.ts';
import { rate } from './cases/rate.ts';
import { recovery } from './cases/recovery.ts';
import { restart } from './cases/restart.ts';
import { slow } from './cases/slow.ts';
import { subscribing } from './cases/subscribing.ts';
import { welcome } from './cases/welcome.ts';
import { WireContext } from './context.ts';
import {
  ordinaryTopics,
  type TestApi,
  type Topic,
  type WireCase,
  type WireOptions,
  ownTopics,
} from './options.ts';

const casesOf: Readonly<Record<Topic, (options: WireOptions) => readonly WireCase[]>> = {
  handshake,
  welcome,
  malformed: () => [...malformed(), ...names()],
  publish: publishing,
  subscribe: () => [...subscribing(), ...conflation()],
  recovery,
  history,
  presence,
  acks: () => [...acks(), ...named()],
  calls,
  auth,
  bytes,
  limits,
  isolation,
  slow,
  codec,
  events,
  http,
  anonymous,
  deadlines,
  rate,
  capacity,
  restart,
};

/** Far beyond every deadline inside a case, which say better what is missing. */
const timeout = 120_000;

/**
 * Registers the wire suite: what PROTOCOL.md says, seen from outside, with no SDK. The target must be configured with
 * `wireContract` and with what its topics ask for (README.md).
 * @param url `ws://host:port/ws`, or a function that knows it once the tests run.
 */
export function runWireSuite(url: string | (() => string), options: WireOptions = {}): void {
  const { test = { describe, it } as TestApi, topics = ordinaryTopics } = options;
  test.describe(`the wire: ${options.name ?? topics.join(', ')}`, () => {
    for (const topic of topics) {
      test.describe(topic, () => {
        const cases = casesOf[topic](options).filter(({ applies }) => applies?.(options) !== false);
        for (const wireCase of cases) register(test, wireCase, url, options);
      });
    }
  });
}

/**
 * Registers {@link runWireSuite} over each way in which frames can travel: WebSocket, SSE with POST, long poll. What is
 * about the bytes of one of them is left out of the others.
 * @param url as for the wire suite; the HTTP endpoints are taken to be at `/connect/` of the same host.
 */
export function runTransportSuite(
  url: string | (() => string),
  options: WireOptions & { readonly transports?: readonly TransportName[] } = {},
): void {
  const {
    transports = ['websocket', 'sse', 'longpoll'],
    topics = ordinaryTopics,
    name = topics.join(', '),
  } = options;
  for (const transport of transports) {
    const carried = transport === 'websocket' ? topics : topics.filter((topic) => !ownTopics.includes(topic));
    if (carried.length === 0) continue;
    runWireSuite(url, { ...options, transport, topics: carried, name: `${name} over ${transport}` });
  }
}

/**
 * Registers {@link runWireSuite} over WebSocket in one codec. What is about the handshake or about the bytes of WebSocket is left
 * out, for it is the same in all of them.
 */
export function runCodecSuite(
  url: string | (() => string),
  options: WireOptions & { readonly codec: Codec },
): void {
  const { codec: spoken, topics = ordinaryTopics } = options;
  const carried = topics.filter((topic) => !ownTopics.includes(topic));
  runWireSuite(url, { ...options, topics: carried, name: `${carried.join(', ')} in ${spoken.name}` });
}

function register(
  test: TestApi,
  wireCase: WireCase,
  url: string | (() => string),
  options: WireOptions,
): void {
  const name = `§${wireCase.section} ${wireCase.title}`;
  if (wireCase.needs?.(options) === false) {
    test.it.skip(name, () => {});
    return;
  }
  // Nothing is left unproven: it has no meaning in another codec, and its own says why.
  if (wireCase.json !== undefined && options.codec !== undefined) return;
  test.it(name, { timeout }, async () => {
    await using wire = new WireContext(typeof url === 'string' ? url : url(), options);
    await wireCase.run(wire);
  });
}
