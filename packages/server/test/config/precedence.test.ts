import { join } from 'node:path';
import { defaultLimits } from '@thrum/protocol';
import { describe, expect, it } from 'vitest';
import { Folder } from './harness.ts';

describe('a configuration', () => {
  it('of nothing is a development server on this machine', async () => {
    await using folder = await Folder.create();
    const { config, problems, warnings } = await folder.load();
    expect(problems).toEqual([]);
    expect(warnings).toEqual([]);
    expect(config).toMatchObject({
      mode: 'development',
      host: '127.0.0.1',
      port: 3000,
      path: '/ws',
      dataDir: join(folder.path, 'data'),
      origins: undefined,
      anonymous: true,
      playground: true,
      allowRemote: false,
      logLevel: 'info',
      webSocketEngine: 'thrum',
    });
    expect(config.limits).toEqual(defaultLimits);
  });

  it('takes flags over variables, variables over the file, the file over defaults', async () => {
    await using folder = await Folder.create({
      'thrum.config.json': JSON.stringify({
        port: 1001,
        path: '/file',
        limits: { rate: 11, connections: 12 },
      }),
    });
    const fromFile = await folder.load();
    expect(fromFile.config).toMatchObject({
      port: 1001,
      path: '/file',
      limits: { rate: 11, connections: 12 },
    });
    const fromEnv = await folder.load({ THRUM_PORT: '1002', THRUM_MAX_CONNECTIONS: '22' });
    expect(fromEnv.config).toMatchObject({
      port: 1002,
      path: '/file',
      limits: { rate: 11, connections: 22 },
    });
    const fromFlags = await folder.load(
      { THRUM_PORT: '1002', THRUM_RATE: '21' },
      { port: '1003', maxConnections: '32' },
    );
    expect(fromFlags.config).toMatchObject({
      port: 1003,
      path: '/file',
      limits: { rate: 21, connections: 32 },
    });
    const places = ['port', 'limits.rate', 'path', 'host'].map(
      (key) => fromFlags.settings.get(key)?.given.place,
    );
    expect(places).toEqual(['--port', 'THRUM_RATE', 'thrum.config.json:path', 'default']);
  });

  it('reads the mode from --production, THRUM_MODE, NODE_ENV and the file, in this order', async () => {
    await using folder = await Folder.create({ 'thrum.config.json': '{"mode":"development"}' });
    const mode = async (env: NodeJS.ProcessEnv, flags = {}) => (await folder.load(env, flags)).config.mode;
    expect(await mode({})).toBe('development');
    expect(await mode({ NODE_ENV: 'production' })).toBe('production');
    expect(await mode({ NODE_ENV: 'production', THRUM_MODE: 'development' })).toBe('development');
    expect(await mode({ THRUM_MODE: 'development' }, { production: true })).toBe('production');
    expect(await mode({ NODE_ENV: 'test' })).toBe('development');
  });

  it('lets the mode decide what is open by default', async () => {
    await using folder = await Folder.create();
    const { config } = await folder.load({ THRUM_MODE: 'production' });
    expect(config).toMatchObject({ anonymous: false, playground: false });
    const opened = await folder.load({ THRUM_MODE: 'production' }, { playground: true, anonymous: true });
    expect(opened.config).toMatchObject({ anonymous: true, playground: true });
    expect(opened.warnings.join()).toMatch(/anonymous is on.*playground is on/);
  });

  it('starts relative paths where they were written', async () => {
    await using folder = await Folder.create({ 'deploy/thrum.config.json': '{"dataDir":"./state"}' });
    const config = 'deploy/thrum.config.json';
    expect((await folder.load({ THRUM_CONFIG: config })).config.dataDir).toBe(
      join(folder.path, 'deploy/state'),
    );
    const flagged = await folder.load({ THRUM_CONFIG: 'other.json' }, { config, dataDir: 'here' });
    expect(flagged.config.dataDir).toBe(join(folder.path, 'here'));
  });

  it('reads lists, yes and no, and numbers from text', async () => {
    await using folder = await Folder.create();
    const { config, problems } = await folder.load({
      THRUM_ORIGINS: 'https://a.example, https://b.example:8443',
      THRUM_ANONYMOUS: 'No',
      THRUM_FRAME_SECONDS: '2.5',
      THRUM_JWT_AUDIENCE: 'one two',
    });
    expect(problems).toEqual([]);
    expect(config).toMatchObject({
      origins: ['https://a.example', 'https://b.example:8443'],
      anonymous: false,
      limits: { frameSeconds: 2.5 },
      jwtAudience: ['one', 'two'],
    });
  });

  it('counts an empty variable as not set, and says so', async () => {
    await using folder = await Folder.create();
    const { config, warnings, problems } = await folder.load({ THRUM_JWT_SECRET: '', THRUM_PORT: '' });
    expect(problems).toEqual([]);
    expect(config).toMatchObject({ jwtSecret: undefined, port: 3000 });
    expect(warnings).toEqual([
      'THRUM_JWT_SECRET is empty and counts as not set',
      'THRUM_PORT is empty and counts as not set',
    ]);
  });

  it('survives the variables that Kubernetes sets for a service named thrum', async () => {
    await using folder = await Folder.create();
    const { config, problems, warnings } = await folder.load({
      THRUM_PORT: 'tcp://10.0.0.7:3000',
      THRUM_PORT_3000_TCP: 'tcp://10.0.0.7:3000',
      THRUM_PORT_3000_TCP_ADDR: '10.0.0.7',
      THRUM_SERVICE_HOST: '10.0.0.7',
      THRUM_SERVICE_PORT_HTTP: '3000',
      THRUM_REDIS_PORT: 'tcp://10.0.0.8:6379',
      THRUM_REDIS_SERVICE_HOST: '10.0.0.8',
    });
    expect(problems).toEqual([]);
    expect(config.port).toBe(3000);
    expect(warnings).toEqual([
      'THRUM_PORT=tcp://10.0.0.7:3000 was set by Kubernetes for a service and is ignored',
    ]);
  });
});

describe('a configuration file', () => {
  it('may be TypeScript with a default export', async () => {
    await using folder = await Folder.create({
      'thrum.config.ts': `
        type Port = number;
        const port: Port = 4000;
        export default { port, channels: { 'chat:{room}': { presence: true } }, hooks: { connect(): void {} } };`,
    });
    const { config, definition, problems } = await folder.load();
    expect(problems).toEqual([]);
    expect(config.port).toBe(4000);
    expect(Object.keys(definition)).toEqual(['channels', 'hooks']);
  });

  it('may have named exports, or be plain JavaScript or JSON', async () => {
    for (const [name, text] of [
      ['thrum.config.mts', 'export const port: number = 4001;'],
      ['thrum.config.mjs', 'export const port = 4001;'],
      ['thrum.config.js', 'module.exports = { port: 4001 };'],
      ['thrum.config.json', '{"port":4001}'],
    ] as const) {
      await using folder = await Folder.create({ [name]: text });
      expect((await folder.load()).config.port, name).toBe(4001);
    }
  });

  it('may export what createThrum was given', async () => {
    const thrum = new URL('../../src/thrum.ts', import.meta.url).href;
    await using folder = await Folder.create({
      'thrum.config.ts': `import { createThrum } from ${JSON.stringify(thrum)};
        export default createThrum({ channels: { news: {} }, origins: ['https://example.com'] });`,
    });
    const { config, definition, problems } = await folder.load();
    expect(problems).toEqual([]);
    expect(definition.channels).toHaveProperty('news');
    expect(config.origins).toEqual(['https://example.com']);
  });
});
