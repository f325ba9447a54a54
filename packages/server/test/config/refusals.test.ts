import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { developmentSecret } from '../../src/auth/development-secret.ts';
import { ConfigError } from '../../src/config/load.ts';
import { rsa } from '../auth/keys.ts';
import { channelsFile, Folder, longSecret, production } from './harness.ts';

describe('a bad value', () => {
  const cases: readonly [variable: string, value: string, message: string][] = [
    ['THRUM_PORT', 'abc', 'expected a whole number from 0 to 65535, got "abc"'],
    ['THRUM_PORT', '70000', 'expected a whole number from 0 to 65535, got 70000'],
    ['THRUM_PORT', '1.5', 'expected a whole number from 0 to 65535, got 1.5'],
    ['THRUM_PORT', '0x10', 'expected a whole number from 0 to 65535, got "0x10"'],
    ['THRUM_PORT', '1e3', 'expected a whole number from 0 to 65535, got "1e3"'],
    ['THRUM_HOST', 'http://x', 'expected a host name or IP address, got "http://x"'],
    ['THRUM_MODE', 'prod', 'expected one of development, production, got "prod"'],
    ['THRUM_PATH', 'ws', 'expected a path such as /ws, got "ws"'],
    ['THRUM_PATH', '/', 'expected a path such as /ws, got "/"'],
    ['THRUM_PATH', '/ws?x', 'expected a path such as /ws, got "/ws?x"'],
    ['THRUM_ANONYMOUS', 'maybe', 'expected true or false, got "maybe"'],
    ['THRUM_ORIGINS', 'example.com', 'got "example.com"'],
    ['THRUM_ORIGINS', 'https://example.com/', 'got "https://example.com/"'],
    ['THRUM_ORIGINS', 'https://example.com/app', '(scheme, host and port, no path)'],
    ['THRUM_JWKS_URL', 'http://issuer.example/jwks', 'expected an https URL'],
    ['THRUM_LOG_LEVEL', 'loud', 'expected one of debug, info, warn, error, silent, got "loud"'],
    ['THRUM_MAX_CONNECTIONS', '-1', 'expected a whole number from 1 to 10000000, got -1'],
    ['THRUM_AUTH_SECONDS', '0', 'expected seconds from 0.1 to 3600, got 0'],
  ];
  for (const [variable, value, message] of cases) {
    it(`of ${variable}, ${JSON.stringify(value)}, is refused with what was expected`, async () => {
      await using folder = await Folder.create();
      const problems = await folder.problems({ [variable]: value });
      expect(problems).toHaveLength(1);
      expect(problems[0]).toMatch(new RegExp(`^${variable}: `));
      expect(problems[0]).toContain(message);
    });
  }

  it('is told with all others at once, each with its place', async () => {
    await using folder = await Folder.create({
      'thrum.config.json': JSON.stringify({
        path: 7,
        origins: ['https://a.example', 'b'],
        limits: { rate: '50' },
        prot: 1,
      }),
    });
    const { problems } = await folder.load({ THRUM_PORT: 'x', THRUM_PROT: '1' }, { logLevel: 'loud' });
    expect(new ConfigError(problems).message.split('\n')).toEqual([
      'the configuration has 7 problems:',
      '  THRUM_PROT: is no option of Thrum; did you mean THRUM_PORT?',
      '  thrum.config.json:prot: is no option of Thrum; did you mean port?',
      '  THRUM_PORT: expected a whole number from 0 to 65535, got "x"',
      '  thrum.config.json:path: expected a path such as /ws, got 7',
      '  thrum.config.json:origins[1]: expected origins such as https://example.com (scheme, host and port, no path), or *, got "b"',
      '  --log-level: expected one of debug, info, warn, error, silent, got "loud"',
      '  thrum.config.json:limits.rate: expected a whole number from 1 to 1000000, got "50"',
    ]);
  });

  it('that is a secret is never shown', async () => {
    const secrets = ['hunter2-hunter2', 'another-hunter2'];
    await using folder = await Folder.create({
      'thrum.config.json': JSON.stringify({
        jwtPreviousSecrets: [secrets[1], 7, secrets[0]],
        jwksUrl: 'https://me:hunter2@x/',
      }),
    });
    const { problems, warnings } = await folder.load({ ...production, THRUM_JWT_SECRET: secrets[0] });
    const told = JSON.stringify([problems, warnings]);
    expect(told).toContain('expected at least 32 bytes in production, got 15');
    expect(told).toContain('number (hidden)');
    expect(told).toContain('https://…@x/');
    expect(told).not.toContain('hunter2');
  });

  it('that is unknown is refused, with the nearest known name', async () => {
    await using folder = await Folder.create();
    const meant = async (name: string) => (await folder.problems({ [name]: '1' }))[0];
    expect(await meant('THRUM_HSOT')).toBe('THRUM_HSOT: is no option of Thrum; did you mean THRUM_HOST?');
    expect(await meant('THRUM_CONNECTIONS')).toContain('did you mean THRUM_MAX_CONNECTIONS?');
    expect(await meant('THRUM_JWT_SECRT')).toContain('did you mean THRUM_JWT_SECRET?');
    expect(await meant('THRUM_XYZZY_QUUX')).toBe('THRUM_XYZZY_QUUX: is no option of Thrum');
    expect(
      await folder.problems({ THRUM_DEBUG: '1', THRUM_TOKEN: 'x', THRUM_URL: 'ws://x', OTHER: '1' }),
    ).toEqual([]);
  });

  it('in limits that cannot work together is refused', async () => {
    await using folder = await Folder.create();
    expect(await folder.problems({ THRUM_PING_SECONDS: '40' })).toEqual([
      'limits.deadSeconds: expected more than pingSeconds (40), got 35: every quiet connection would be given up',
    ]);
    expect(await folder.problems({ THRUM_OUTBOX_BYTES: '2048' })).toEqual([
      'THRUM_OUTBOX_BYTES: expected at least messageBytes (65536), got 2048: the largest message would never arrive',
    ]);
  });
});

describe('a file', () => {
  it('that cannot be read is a problem like any other', async () => {
    const cases: readonly [name: string, text: string, message: RegExp][] = [
      ['thrum.config.json', '{', /^thrum.config.json: cannot be read: SyntaxError: /],
      ['thrum.config.ts', 'export default {', /^thrum.config.ts: cannot be read: /],
      [
        'thrum.config.ts',
        'throw new Error("no database")',
        /^thrum.config.ts: cannot be read: Error: no database$/,
      ],
      [
        'thrum.config.ts',
        'import "./missing.ts"; export default {}',
        /^thrum.config.ts: cannot be read: .*missing/,
      ],
      ['thrum.config.json', '[]', /^thrum.config.json: expected an object of options/],
      ['thrum.config.mjs', 'export default 7', /^thrum.config.mjs: expected an object of options/],
      ['thrum.config.mjs', '', /^thrum.config.mjs: expected an object of options/],
    ];
    for (const [name, text, message] of cases) {
      await using folder = await Folder.create({ [name]: text });
      const problems = await folder.problems();
      expect(problems).toHaveLength(1);
      expect(problems[0]).toMatch(message);
    }
  });

  it('that was asked for must be there, and there must be only one', async () => {
    await using folder = await Folder.create({
      'thrum.config.json': '{}',
      'thrum.config.mjs': 'export default {}',
    });
    expect(await folder.problems()).toEqual([
      'thrum.config.mjs, thrum.config.json: expected one configuration file, got several',
    ]);
    expect(await folder.problems({}, { config: 'thrum.config.json' })).toEqual([]);
    expect(await folder.problems({}, { config: 'x.ts' })).toEqual([
      `x.ts: expected a configuration file, but there is none at ${join(folder.path, 'x.ts')}`,
    ]);
  });

  it('with code of the wrong shape is refused field by field', async () => {
    await using folder = await Folder.create({
      'thrum.config.mjs': `export default { channels: ['chat'], methods: { add: () => 1 }, features: {}, hooks: { connect: 1 },
        auth: {}, validateSession: true, broker: {}, log: console }`,
    });
    expect(await folder.problems()).toEqual([
      'thrum.config.mjs:channels: expected an object of channel definitions by pattern, got an array',
      'thrum.config.mjs:methods: expected an object of methods with a handler, by name, but "add" is none',
      'thrum.config.mjs:features: expected an array of features, got a value of type object',
      'thrum.config.mjs:hooks: expected an object of functions by hook name, but "connect" is none',
      'thrum.config.mjs:auth: expected a function, an Auth, or the options of createTokenAuth, got a value of type object',
      'thrum.config.mjs:validateSession: expected a function, got a value of type boolean',
      'thrum.config.mjs:broker: expected a Broker, got a value of type object',
    ]);
  });

  it('with its own auth takes no jwt options beside it', async () => {
    await using folder = await Folder.create({
      'thrum.config.mjs': 'export default { auth: () => ({ userId: "x" }), jwtIssuer: "https://a" }',
    });
    const ignored = 'would be ignored: the auth of the configuration file decides alone';
    expect(await folder.problems({ THRUM_JWT_SECRET: longSecret, THRUM_ANONYMOUS: 'false' })).toEqual([
      `THRUM_JWT_SECRET: ${ignored}`,
      `thrum.config.mjs:jwtIssuer: ${ignored}`,
    ]);
  });
});

describe('API keys', () => {
  const good = 'a-key-of-the-http-api-that-is-long-enough';

  it('may be several, from a variable or a file, and are never shown', async () => {
    await using folder = await Folder.create({ 'thrum.config.json': JSON.stringify({ apiKeys: good }) });
    expect((await folder.load()).config.apiKeys).toEqual([good]);
    const { config, problems } = await folder.load({ THRUM_API_KEY: `${good}, other` });
    expect(problems).toEqual([]);
    expect(config.apiKeys).toEqual([good, 'other']);
    const refused = await folder.problems({ THRUM_API_KEY: 'schlüssel' });
    expect(refused).toEqual(['THRUM_API_KEY: expected letters, digits and -._~+/ with = at the end at most']);
  });

  it('are long in production', async () => {
    await using folder = await Folder.create({ 'thrum.config.mjs': channelsFile });
    expect(await folder.problems({ ...production, THRUM_API_KEY: good })).toEqual([]);
    expect(await folder.problems({ ...production, THRUM_API_KEY: `${good} secret` })).toEqual([
      'THRUM_API_KEY: expected at least 32 characters in production, got 6: make one with `openssl rand -hex 32`',
    ]);
  });
});

describe('TLS', () => {
  it('needs a certificate and its key, relative to where they were named', async () => {
    await using folder = await Folder.create({
      'deploy/thrum.config.json': '{"tlsCert":"cert.pem","tlsKey":"key.pem"}',
    });
    const { config } = await folder.load({
      THRUM_CONFIG: 'deploy/thrum.config.json',
      THRUM_TLS_KEY: 'own.pem',
    });
    expect(config).toMatchObject({
      tlsCert: join(folder.path, 'deploy/cert.pem'),
      tlsKey: join(folder.path, 'own.pem'),
    });
    expect(await folder.problems({ THRUM_TLS_KEY: 'own.pem' })).toEqual([
      'tlsCert: expected a path beside THRUM_TLS_KEY, got nothing',
    ]);
  });
});

describe('public keys', () => {
  it('may be given as a path, as PEM on one line, or as a JWK', async () => {
    await using folder = await Folder.create({ 'keys/public.pem': rsa.pem });
    for (const given of [
      'keys/public.pem',
      rsa.pem,
      rsa.pem.replaceAll('\n', '\\n'),
      JSON.stringify(rsa.jwk),
    ]) {
      const { config, problems } = await folder.load({ THRUM_JWT_PUBLIC_KEY: given });
      expect(problems).toEqual([]);
      expect(config.jwtPublicKey).toHaveLength(1);
    }
    await folder.write('thrum.config.json', JSON.stringify({ jwtPublicKey: ['keys/public.pem', rsa.jwk] }));
    expect((await folder.load()).config.jwtPublicKey).toEqual([rsa.pem, rsa.jwk]);
  });

  it('that are none are refused', async () => {
    await using folder = await Folder.create({ 'private.pem': rsa.privatePem, 'text.txt': 'hello' });
    const problem = async (given: string) => (await folder.problems({ THRUM_JWT_PUBLIC_KEY: given })).join();
    expect(await problem('missing.pem')).toMatch(/missing.pem cannot be read \(ENOENT\)$/);
    expect(await problem('private.pem')).toContain('expected a public key, got a private one');
    expect(await problem('text.txt')).toContain('expected a public key in PEM or JWK form, got neither');
    expect(await folder.problems({ THRUM_JWT_SECRET: rsa.pem })).toEqual([
      'THRUM_JWT_SECRET: expected a shared secret, got a key in PEM or JWK form: public keys belong in jwtPublicKey',
    ]);
  });
});

describe('production', () => {
  it('starts when it has keys, origins and channels', async () => {
    await using folder = await Folder.create({ 'thrum.config.mjs': channelsFile });
    const { problems, warnings } = await folder.load({ ...production, THRUM_HOST: '0.0.0.0' });
    expect({ problems, warnings }).toEqual({ problems: [], warnings: [] });
  });

  it('says by name what is missing', async () => {
    await using folder = await Folder.create();
    const problems = await folder.problems({ NODE_ENV: 'production' });
    expect(problems.map((line) => line.split(':')[0])).toEqual(['authentication', 'origins', 'channels']);
    expect(problems[0]).toMatch(/THRUM_JWT_SECRET.*THRUM_JWT_PUBLIC_KEY.*THRUM_JWKS_URL.*auth/);
    expect(problems[1]).toMatch(/THRUM_ORIGINS/);
  });

  it('takes a public key, a key set or an auth function in place of a secret', async () => {
    await using folder = await Folder.create({ 'thrum.config.mjs': channelsFile });
    const { THRUM_JWT_SECRET: _, ...rest } = production;
    expect(await folder.problems({ ...rest, THRUM_JWT_PUBLIC_KEY: rsa.pem })).toEqual([]);
    expect(await folder.problems({ ...rest, THRUM_JWKS_URL: 'https://issuer.example/jwks' })).toEqual([]);
    await folder.write('thrum.config.json', '{}');
    await folder.write('own.mjs', `${channelsFile} export const auth = () => ({ userId: 'x' });`);
    expect(await folder.problems(rest, { config: 'own.mjs' })).toEqual([]);
  });

  it('refuses every origin, a short secret and the secret of development', async () => {
    await using folder = await Folder.create({ 'thrum.config.mjs': channelsFile });
    const problems = (env: NodeJS.ProcessEnv) => folder.problems({ ...production, ...env });
    expect(await problems({ THRUM_ORIGINS: '*' })).toEqual([
      'THRUM_ORIGINS: expected a list of origins in production, got *: any page could act as your users',
    ]);
    expect((await problems({ THRUM_JWT_SECRET: 'short' }))[0]).toContain(
      'expected at least 32 bytes in production, got 5',
    );
    const secret = await developmentSecret(join(folder.path, 'data'));
    expect(await problems({ THRUM_JWT_SECRET: secret })).toEqual([
      'THRUM_JWT_SECRET: expected a secret of its own in production, got the one from the development server (dev-secret)',
    ]);
  });
});

describe('development', () => {
  it('stays on this machine unless it is told twice', async () => {
    await using folder = await Folder.create();
    for (const host of ['0.0.0.0', '::', '192.168.1.2', 'example.com']) {
      const [problem] = await folder.problems({}, { host });
      expect(problem).toMatch(/^--host: expected a loopback address in development, got .*--allow-remote/);
    }
    const { problems, warnings } = await folder.load({}, { host: '0.0.0.0', allowRemote: true });
    expect(problems).toEqual([]);
    expect(warnings).toEqual([
      'this development server listens on 0.0.0.0: whoever reaches it may do everything',
    ]);
    for (const host of ['localhost', '127.0.0.2', '::1'])
      expect(await folder.problems({}, { host })).toEqual([]);
  });
});
