import type { TestServer } from '@thrum/testkit/server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ordinaryTopics, runTransportSuite } from '../src/index.ts';
import { allowedOrigin, startWireServer } from './wire-app.ts';
import { keyServer, wireTokens } from './wire-tokens.ts';

const plenty = { rate: 100_000 };

let keys: Awaited<ReturnType<typeof keyServer>>;
const tokens = wireTokens(() => keys.url);

beforeAll(async () => {
  keys = await keyServer();
});

afterAll(() => keys[Symbol.asyncDispose]());

describe('ordinary', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startWireServer({ limits: plenty });
  });
  afterAll(() => server.close());

  runTransportSuite(() => server.url, { topics: ordinaryTopics, tokens, limits: plenty, allowedOrigin });

  it('logged no token, no session and no error but the one that was asked for', () => {
    const errors = server.lines.filter(
      ({ level, error }) => level === 'error' && !String(error).includes('SECRET'),
    );
    expect(errors).toEqual([]);
    expect(JSON.stringify(server.lines)).not.toMatch(/eyJ[\w-]+\.eyJ/u);
  });
});
