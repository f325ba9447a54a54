import type { Limits } from '@thrum/protocol';
import { msgpackCodec } from '@thrum/protocol/msgpack';
import { protobufCodec } from '@thrum/protocol/protobuf';
import type { TestServer } from '@thrum/testkit/server';
import { afterAll, beforeAll, describe } from 'vitest';
import { ordinaryTopics, runCodecSuite } from '../src/index.ts';
import { startWireServer } from './wire-app.ts';
import { useWireTokens } from './wire-tokens.ts';

const limits: Partial<Limits> = { rate: 100_000 };

const { tokens } = useWireTokens();

// What a token is worth is decided before there is a codec.
const topics = ordinaryTopics.filter((topic) => topic !== 'auth');

describe.each([msgpackCodec, protobufCodec])('$name', (codec) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startWireServer({ limits });
  });
  afterAll(() => server.close());

  runCodecSuite(() => server.url, { codec, topics, tokens, limits });
});
