import { readFile } from 'node:fs/promises';
import { decodeJwt } from 'jose';
import { describe, expect, it } from 'vitest';
import { readDevelopmentSecret } from '../../src/auth/development-secret.ts';
import { createTokenAuth } from '../../src/auth/token-auth.ts';
import { nodeProblem, wantedNode } from '../../src/cli/node-version.ts';
import { rsa } from '../auth/keys.ts';
import { channelsFile, Folder, longSecret, production } from '../config/harness.ts';
import { thrum } from './process.ts';

describe('thrum', () => {
  it('says which Node it needs before it loads anything', async () => {
    await using folder = await Folder.create();
    const old = "data:text/javascript,Object.defineProperty(process.versions,'node',{value:'20.20.2'})";
    const { code, stdout, stderr } = await thrum(['start'], { cwd: folder.path, node: ['--import', old] });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(
      /^thrum: expected Node \^22\.19 \|\| >=24\.15, got Node 20\.20\.2 \(.*\)\. Install Node 24/,
    );
  });

  it('needs the Node of its package.json', async () => {
    const manifest = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
    expect((JSON.parse(manifest) as { engines: { node: string } }).engines.node).toBe(wantedNode);
    for (const good of ['22.19.0', '22.22.1', '24.15.0', '25.0.0', '26.1.0'])
      expect(nodeProblem(good)).toBeUndefined();
    for (const bad of ['12.0.0', '20.20.2', '22.18.9', '23.9.0', '24.14.1'])
      expect(nodeProblem(bad)).toContain(bad);
  });

  it('helps with every command by example', async () => {
    await using folder = await Folder.create();
    const options = { cwd: folder.path };
    for (const args of [[], ['--help'], ['help']]) {
      const { code, stdout } = await thrum(args, options);
      expect({ code, examples: stdout.includes('Examples:') }, args.join()).toEqual({
        code: 0,
        examples: true,
      });
    }
    const commands = ['start', 'token', 'publish', 'tail', 'dev-cert', 'check'];
    const checks = commands.map(async (command) => {
      const [flag, help] = await Promise.all([
        thrum([command, '--help'], options),
        thrum(['help', command], options),
      ]);
      expect(flag.code).toBe(0);
      expect(flag.stdout).toMatch(new RegExp(`^Usage: thrum ${command} .*Examples:`, 's'));
      expect(help).toEqual(flag);
    });
    await Promise.all(checks);
  });

  it('suggests the nearest command or flag', async () => {
    await using folder = await Folder.create();
    const options = { cwd: folder.path };
    expect(await thrum(['strat'], options)).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('(Did you mean start?)'),
    });
    const flag = await thrum(['start', '--prot', '1'], options);
    expect(flag).toMatchObject({ code: 2, stderr: expect.stringContaining('(Did you mean --port?)') });
  });

  it('shows where an error comes from only when it is asked to', async () => {
    await using folder = await Folder.create();
    const args = ['publish', 'chat:lobby', '{}', '--url', 'ws://127.0.0.1:1/ws'];
    const options = { cwd: folder.path };
    expect((await thrum(args, options)).stderr).toBe(
      'thrum: no server answers at 127.0.0.1:1; is it running?\n',
    );
    expect((await thrum([...args, '--verbose'], options)).stderr).toMatch(/\n +at /);
    expect((await thrum(args, { ...options, env: { THRUM_DEBUG: '1' } })).stderr).toMatch(/\n +at /);
  });
});

describe('thrum token', () => {
  it('prints a token, and nothing else, that the development server accepts', async () => {
    await using folder = await Folder.create();
    const args = [
      'token',
      '--user',
      'alice',
      '--ttl',
      '15m',
      '--claim',
      'role=editor',
      '--claim',
      'teams=["a"]',
    ];
    const { code, stdout, stderr } = await thrum(args, { cwd: folder.path });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    const secret = (await readDevelopmentSecret(`${folder.path}/data`)) ?? '';
    const identity = await createTokenAuth({ secret }).authenticate(stdout.trim());
    expect(identity).toMatchObject({ userId: 'alice', claims: { role: 'editor', teams: ['a'] } });
    const { iat = 0, exp = 0 } = decodeJwt(stdout);
    expect(exp - iat).toBe(900);
  });

  it('signs as the configuration says', async () => {
    await using folder = await Folder.create({ 'thrum.config.mjs': channelsFile });
    const env = {
      ...production,
      THRUM_JWT_ISSUER: 'https://a',
      THRUM_JWT_AUDIENCE: 'one two',
      THRUM_JWT_USER_CLAIM: 'uid',
    };
    const { stdout } = await thrum(['token', '--user', 'alice'], { cwd: folder.path, env });
    const auth = createTokenAuth({
      secret: longSecret,
      issuer: 'https://a',
      audience: 'one',
      userClaim: 'uid',
    });
    expect(await auth.authenticate(stdout.trim())).toMatchObject({ userId: 'alice' });
  });

  it('says why it cannot where only others sign', async () => {
    await using folder = await Folder.create();
    const args = ['token', '--user', 'alice'];
    const keys = await thrum(args, { cwd: folder.path, env: { THRUM_JWT_PUBLIC_KEY: rsa.pem } });
    expect(keys).toMatchObject({ code: 1, stdout: '' });
    expect(keys.stderr).toContain(
      'only public keys are configured, and they check tokens but cannot sign them',
    );
    await folder.write('thrum.config.mjs', 'export const auth = () => ({ userId: "x" });');
    const own = await thrum(args, { cwd: folder.path });
    expect(own).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('brings its own auth'),
    });
  });

  it('says what is wrong with its options', async () => {
    await using folder = await Folder.create();
    const stderr = async (...args: string[]) => {
      const outcome = await thrum(['token', ...args], { cwd: folder.path });
      expect(outcome).toMatchObject({ code: 2, stdout: '' });
      return outcome.stderr;
    };
    expect(await stderr()).toContain("required option '--user <id>' not specified");
    expect(await stderr('--user', 'a', '--ttl', 'soon')).toContain('expected a duration');
    expect(await stderr('--user', '')).toContain('userId is empty');
    expect(await stderr('--user', 'a', '--claim', 'x')).toContain('--claim: expected name=value, got "x"');
    expect(await stderr('--user', 'a', '--claim', 'exp=1')).toContain('exp is set by an option of its own');
  });
});

describe('thrum check', () => {
  it('prints every option with its value and source', async () => {
    await using folder = await Folder.create({ 'thrum.config.mjs': channelsFile });
    const env = { THRUM_JWT_SECRET: longSecret };
    const { code, stdout } = await thrum(['check', '--port', '8080'], { cwd: folder.path, env });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^port +8080 +--port$/m);
    expect(stdout).toMatch(/^jwtSecret +a text of 42 characters \(hidden\) +THRUM_JWT_SECRET$/m);
    expect(stdout).toMatch(/^limits\.rate +50 +default$/m);
    expect(stdout).toMatch(/^channels +chat:\{room\} +thrum\.config\.mjs:channels$/m);
    expect(stdout).not.toContain(longSecret);
  });

  it('ends with 1 and the list of what production would refuse', async () => {
    await using folder = await Folder.create();
    const { code, stderr } = await thrum(['check', '--production'], { cwd: folder.path });
    expect(code).toBe(1);
    expect(stderr).toMatch(/has 3 problems:\n {2}authentication: .*\n {2}origins: .*\n {2}channels: /);
  });

  it('finds what only building a server shows, such as a bad channel pattern', async () => {
    await using folder = await Folder.create({
      'thrum.config.mjs': 'export const channels = { "chat:{room": {} };',
    });
    const { code, stderr } = await thrum(['check'], { cwd: folder.path });
    expect(code).toBe(1);
    expect(stderr).toContain('thrum.config.mjs: channel pattern "chat:{room": a brace is not closed');
  });
});
