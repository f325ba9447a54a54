import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { connectEvents, connectRaw } from '@thrum/testkit';
import { describe, expect, it } from 'vitest';
import { Folder, longSecret } from '../config/harness.ts';
import { Cli, startServer, thrum } from './process.ts';

const key = 'a-key-of-the-command-line-that-is-long-enough';

interface Secure {
  readonly status: number;
  readonly serial: string;
}

/** What a server with TLS answers, and which certificate it shows. */
function askSecurely(url: string, ca: string): Promise<Secure> {
  return new Promise((resolve, reject) => {
    request(url, { ca, agent: false }, (response) => {
      const { serialNumber } = (response.socket as TLSSocket).getPeerCertificate();
      response.resume();
      response.once('end', () => resolve({ status: response.statusCode ?? 0, serial: serialNumber }));
    })
      .once('error', reject)
      .end();
  });
}

describe('thrum start with nothing configured', () => {
  it('sends a posted notification to event streams and WebSockets', async () => {
    await using folder = await Folder.create();
    const { cli, url, port } = await startServer(folder.path);
    await using _ = cli;
    const http = `http://127.0.0.1:${port}`;
    await cli.prints('stdout', /HTTP API +.*\n/);
    expect(cli.stdout).toContain(`curl -N ${http}/events`);
    expect(cli.stdout).toContain(
      `curl ${http}/notifications -H 'Content-Type: application/json' -d '{"text":"hi"}'`,
    );
    expect(cli.stdout).toContain(`${http}/openapi.json   (no key on this machine`);
    await using client = await connectRaw(url);
    await client.ask({ type: 'subscribe', channel: 'notifications' });
    await using events = await connectEvents(`${http}/events`);
    await events.next('thrum:subscribed');
    const headers = { 'Content-Type': 'application/json' };
    const response = await fetch(`${http}/notifications`, { method: 'POST', headers, body: '{"text":"hi"}' });
    expect(await response.text()).toBe('{"success":true}');
    expect(await client.next('notification')).toMatchObject({
      channel: 'notifications',
      data: { text: 'hi' },
    });
    expect(await events.next('notification')).toMatchObject({ data: '{"text":"hi"}' });
    // One line at the start, not one a request.
    expect(cli.stdout.match(/the HTTP API needs no key/g)).toHaveLength(1);
  });

  it('has no HTTP API in production, and says so', async () => {
    await using folder = await Folder.create({ 'thrum.config.mjs': 'export const channels = { news: {} };' });
    const env = {
      NODE_ENV: 'production',
      THRUM_JWT_SECRET: longSecret,
      THRUM_ORIGINS: 'https://example.com',
    };
    await using cli = new Cli(['start', '--port', '0'], { cwd: folder.path, env });
    const [, url = ''] = await cli.prints('stdout', /"url":"([^"]+)"/);
    expect(cli.stdout).toContain('the HTTP API is off: it needs apiKeys (THRUM_API_KEY)');
    expect((await fetch(`${url}/channels`)).status).toBe(404);
  });
});

describe('thrum publish with an API key', () => {
  it('publishes as the server, where no client may, and once however often', async () => {
    await using folder = await Folder.create();
    const env = { THRUM_API_KEY: `${key}, another-key-that-is-being-introduced` };
    await using cli = new Cli(['start', '--port', '0'], { cwd: folder.path, env });
    const [, url = ''] = await cli.prints('stdout', /(ws:\/\/127\.0\.0\.1:\d+\/ws)/);
    const publish = (args: readonly string[], extra: NodeJS.ProcessEnv = env) =>
      thrum(['publish', ...args, '--url', url], { cwd: folder.path, env: extra });
    const args = ['user:7', '{"n":1}', '--id', '"7"', '--event', 'x'];
    const first = await publish(args);
    expect(first).toMatchObject({ code: 0, stderr: '' });
    const result = JSON.parse(first.stdout) as object;
    expect(result).toMatchObject({
      channel: 'user:7',
      event: 'x',
      id: '"7"',
      duplicate: false,
      position: { offset: 1 },
    });
    expect(JSON.parse((await publish(args)).stdout)).toEqual({ ...result, duplicate: true });

    const conflict = await publish(['user:7', '{"n":2}', '--id', '"7"', '--event', 'x']);
    expect(conflict).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('(id_conflict)') });
    const wrong = await publish(['chat:a', '1'], { THRUM_API_KEY: 'a-wrong-key' });
    expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining('is not known') });
    expect(wrong.stderr).not.toContain('a-wrong-key');

    // A token says who publishes: then the key is not used, and users may not write to user:7.
    const token = (await thrum(['token', '--user', 'alice'], { cwd: folder.path })).stdout.trim();
    const asUser = await publish(['user:7', '1'], { ...env, THRUM_TOKEN: token });
    expect(asUser).toMatchObject({ code: 1, stderr: expect.stringContaining('(access_denied)') });
  });

  it('says that no server answers', async () => {
    await using folder = await Folder.create();
    const args = ['publish', 'chat:a', '1', '--url', 'http://127.0.0.1:1'];
    const { code, stderr } = await thrum(args, { cwd: folder.path, env: { THRUM_API_KEY: key } });
    expect({ code, stderr }).toEqual({
      code: 3,
      stderr: 'thrum: no server answers at 127.0.0.1:1; is it running?\n',
    });
  });
});

describe('thrum dev-cert', () => {
  it('makes a certificate with which a server starts, and SIGHUP takes its successor', async () => {
    await using folder = await Folder.create();
    const options = { cwd: folder.path };
    const made = await thrum(['dev-cert'], options);
    expect(made.code).toBe(0);
    const cert = join(folder.path, 'data/tls/cert.pem');
    const privateKey = join(folder.path, 'data/tls/key.pem');
    expect(made.stdout).toBe(`${cert}\n${privateKey}\n`);
    expect(made.stderr).toContain(`NODE_EXTRA_CA_CERTS=${cert}`);

    const flags = ['--tls-cert', 'data/tls/cert.pem', '--tls-key', 'data/tls/key.pem'];
    await using cli = new Cli(['start', '--port', '0', ...flags], options);
    const [, url = ''] = await cli.prints('stdout', /listens on (https:\/\/127\.0\.0\.1:\d+)/);
    await cli.prints('stdout', /WebSocket +wss:/);
    const first = await readFile(cert, 'utf8');
    const before = await askSecurely(`${url}/healthz`, first);
    expect(before.status).toBe(200);
    const env = { NODE_EXTRA_CA_CERTS: cert, THRUM_URL: url };
    expect(await thrum(['publish', 'chat:a', '1'], { ...options, env })).toMatchObject({ code: 0 });

    expect(await thrum(['dev-cert'], options)).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('there is a key in'),
    });
    expect((await thrum(['dev-cert', '--force'], options)).code).toBe(0);
    cli.child.kill('SIGHUP');
    await cli.prints('stdout', /the certificate was renewed/);
    const after = await askSecurely(`${url}/healthz`, await readFile(cert, 'utf8'));
    expect(after.status).toBe(200);
    expect(after.serial).not.toBe(before.serial);
  });

  it('names the folder that it cannot write to', async () => {
    await using folder = await Folder.create({ file: '' });
    const { code, stderr } = await thrum(['dev-cert', '--dir', 'file/tls'], { cwd: folder.path });
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('file/tls') });
  });
});

describe('thrum start with TLS', () => {
  it('says which file cannot be read, or what is missing', async () => {
    await using folder = await Folder.create();
    const start = (...flags: string[]) => thrum(['start', '--port', '0', ...flags], { cwd: folder.path });
    const none = await start('--tls-cert', 'none.pem', '--tls-key', 'none.pem');
    expect(none).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('none.pem cannot be read (ENOENT)'),
    });
    const half = await start('--tls-cert', 'none.pem');
    expect(half.stderr).toContain('tlsKey: expected a path beside --tls-cert, got nothing');
  });
});
