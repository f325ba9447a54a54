import { exec } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { Folder } from '../config/harness.ts';
import { Cli, startServer, thrum } from './process.ts';

/** A client that never answers a close, so that a drain takes all the time it may. */
async function stubbornClient(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  const head = ['GET /ws HTTP/1.1', `Host: 127.0.0.1:${port}`, 'Upgrade: websocket', 'Connection: Upgrade'];
  socket.write(
    [...head, 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', '', ''].join(
      '\r\n',
    ),
  );
  let received = '';
  while (!received.includes('welcome')) received += String((await once(socket, 'data'))[0]);
  socket.on('error', () => undefined).resume();
  return socket;
}

const publish = (channel: string, url: string, ...args: string[]): readonly string[] => [
  'publish',
  channel,
  ...args,
  '--url',
  url,
];

describe('thrum start', () => {
  it('says where it listens and how to connect, and answers there', async () => {
    await using folder = await Folder.create();
    const { cli, url, port } = await startServer(folder.path);
    await using _ = cli;
    await cli.prints('stdout', /Channels .*\n/);
    expect(cli.stdout).toContain(`Thrum listens on http://127.0.0.1:${port} in development mode`);
    expect(cli.stdout).toContain(`npx wscat -c ${url}`);
    expect(cli.stdout).toMatch(/Open to +everyone, without a token, on this machine/);
    const health = await fetch(`http://127.0.0.1:${port}/healthz`);
    expect(health.status).toBe(200);
  });

  it('prints only log lines in production', async () => {
    await using folder = await Folder.create({ 'thrum.config.mjs': 'export const channels = { news: {} };' });
    const env = {
      NODE_ENV: 'production',
      THRUM_JWT_SECRET: 'x'.repeat(32),
      THRUM_ORIGINS: 'https://example.com',
    };
    await using cli = new Cli(['start', '--port', '0'], { cwd: folder.path, env });
    await cli.prints('stdout', /"listening"/);
    cli.child.kill('SIGTERM');
    const { code, stdout } = await cli.ended;
    expect(code).toBe(0);
    for (const line of stdout.trim().split('\n'))
      expect(() => JSON.parse(line) as unknown, line).not.toThrow();
  });

  it('says plainly that a port is in use', async () => {
    await using folder = await Folder.create();
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const { code, stderr } = await thrum(['start', '--port', String(port)], { cwd: folder.path });
    taken.close();
    expect(code).toBe(1);
    expect(stderr).toBe(
      `thrum: 127.0.0.1:${port} is in use by another process: stop it, or choose another port with --port (0 takes a free one)\n`,
    );
  });

  it('does not start with a bad configuration', async () => {
    await using folder = await Folder.create();
    const { code, stdout, stderr } = await thrum(['start', '--host', '0.0.0.0'], { cwd: folder.path });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('--host: expected a loopback address in development');
  });

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`drains on ${signal}, says so, and ends with 0`, async () => {
      await using folder = await Folder.create();
      const { cli, url } = await startServer(folder.path);
      await using _ = cli;
      const socket = new WebSocket(url);
      await once(socket, 'message');
      const closed = once(socket, 'close');
      cli.child.kill(signal);
      expect(await cli.ended).toMatchObject({
        code: 0,
        stderr: expect.stringMatching(
          new RegExp(`${signal}: sending 1 connection away, at most 30 s.*\n(.*\n)*stopped after`),
        ),
      });
      expect(((await closed)[0] as CloseEvent).code).toBe(1012);
    });
  }

  for (const [signal, exitCode] of [
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const) {
    it(`stops at once with ${exitCode} on a second signal`, async () => {
      await using folder = await Folder.create();
      const { cli, port } = await startServer(folder.path);
      await using _ = cli;
      const socket = await stubbornClient(port);
      cli.child.kill(signal === 'SIGTERM' ? 'SIGINT' : 'SIGTERM');
      await cli.prints('stderr', /sending 1 connection away/);
      cli.child.kill(signal);
      expect(await cli.ended).toMatchObject({ code: exitCode });
      socket.destroy();
    });
  }

  it('takes the same signal again within a moment for the echo that npm makes of Ctrl-C', async () => {
    await using folder = await Folder.create();
    const { cli, port } = await startServer(folder.path, 0, ['--drain-seconds', '1']);
    await using _ = cli;
    const socket = await stubbornClient(port);
    // Equal signals that are both pending count as one: the second may only go when the first has arrived.
    cli.child.kill('SIGINT');
    await cli.prints('stderr', /SIGINT: sending 1 connection away/);
    cli.child.kill('SIGINT');
    expect((await cli.ended).stderr).toContain('stopped after');
    socket.destroy();
  });

  it('ends in time even when a client does not let go', async () => {
    await using folder = await Folder.create();
    const { cli, port } = await startServer(folder.path, 0, ['--drain-seconds', '1']);
    await using _ = cli;
    const socket = await stubbornClient(port);
    const began = performance.now();
    cli.child.kill('SIGTERM');
    const { stderr } = await cli.ended;
    expect(stderr).toContain('stopped after');
    // Far from the 30 seconds of the default; the second beyond is this machine's.
    expect(performance.now() - began).toBeLessThan(3000);
    socket.destroy();
  });
});

describe('thrum publish', () => {
  it('prints the ack, and the same one for a repeat', async () => {
    await using folder = await Folder.create();
    const { cli, url } = await startServer(folder.path);
    await using _ = cli;
    const args = publish('chat:lobby', url, '{"text":"hi"}', '--id', 'job-42');
    const options = { cwd: folder.path };
    const first = await thrum(args, options);
    expect(first).toMatchObject({ code: 0, stderr: '' });
    const ack = JSON.parse(first.stdout) as Record<string, unknown>;
    expect(ack).toMatchObject({
      channel: 'chat:lobby',
      event: 'message',
      id: 'job-42',
      duplicate: false,
      position: { offset: 1 },
    });
    expect(JSON.parse((await thrum(args, options)).stdout)).toEqual({ ...ack, duplicate: true });
    const text = await thrum(publish('chat:lobby', url, 'no JSON', '--text', '--event', 'notice'), options);
    expect(JSON.parse(text.stdout)).toMatchObject({ event: 'notice', position: { offset: 2 } });
  });

  it('tells a refusal from a server that is not there, and both from wrong usage', async () => {
    await using folder = await Folder.create();
    const { cli, url } = await startServer(folder.path);
    await using _ = cli;
    const options = { cwd: folder.path };
    const forbidden = await thrum(publish('user:7', url, '{}'), options);
    expect(forbidden).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('(access_denied)'),
    });
    const token = await thrum(publish('chat:lobby', url, '{}'), {
      ...options,
      env: { THRUM_TOKEN: 'a.b.c' },
    });
    expect(token).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('(invalid_token)') });
    const nobody = await thrum(publish('chat:lobby', 'ws://127.0.0.1:1', '{}'), options);
    expect(nobody).toMatchObject({
      code: 3,
      stdout: '',
      stderr: expect.stringContaining('no server answers at 127.0.0.1:1'),
    });
    const usage = await thrum(publish('chat:lobby', url, 'hi'), options);
    expect(usage).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('expected JSON as data, got "hi"'),
    });
    const wrong = await thrum(publish('chat:lobby', 'ftp://x', '{}'), options);
    expect(wrong).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--url: expected a URL such as'),
    });
  });
});

describe('thrum tail', () => {
  it('prints what was and what is published, and goes on after the server was away', async () => {
    await using folder = await Folder.create();
    const first = await startServer(folder.path);
    await using _ = first.cli;
    const { url, port } = first;
    const options = { cwd: folder.path };
    await thrum(publish('chat:lobby', url, '{"n":1}'), options);
    await thrum(publish('chat:lobby', url, '{"n":2}'), options);
    await using tail = new Cli(['tail', 'chat:lobby', '--since', 'latest', '--url', url], options);
    await tail.prints('stdout', /"n":2.*\n/);
    await thrum(publish('chat:lobby', url, '{"n":3,"evil":"\\u009b31m"}'), options);
    await tail.prints('stdout', /"n":3.*\n/);
    first.cli.child.kill('SIGTERM');
    await first.cli.ended;
    await tail.prints('stderr', /no connection to .*; trying again in/);
    const second = await startServer(folder.path, port);
    await using _again = second.cli;
    await tail.prints('stderr', /back, nothing was missed/);
    await thrum(publish('chat:lobby', url, '{"n":4}'), options);
    await tail.prints('stdout', /"n":4.*\n/);
    tail.child.kill('SIGINT');
    const { code, stdout } = await tail.ended;
    expect(code).toBe(130);
    expect(stdout).not.toContain('\u009b');
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { data: { n: number } });
    expect(lines.map(({ data }) => data.n)).toEqual([2, 3, 4]);
  });

  it('is readable with --pretty, and ends quietly when its reader has enough', async () => {
    await using folder = await Folder.create();
    const { cli, url } = await startServer(folder.path);
    await using _ = cli;
    for (const n of [1, 2, 3]) await thrum(publish('chat:lobby', url, String(n)), { cwd: folder.path });
    const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
    const command = `"${process.execPath}" --conditions=thrum:source "${main}" tail chat:lobby --since 3 --pretty --url ${url} | head -n 1`;
    const publisher = setInterval(
      () => void thrum(publish('chat:lobby', url, '4'), { cwd: folder.path }),
      500,
    );
    const { stdout, stderr } = await promisify(exec)(command, { cwd: folder.path });
    clearInterval(publisher);
    expect(stdout).toMatch(/^\d\d:\d\d:\d\d {2}#\d+ {2}message {2}from cli {2}\d\n$/);
    expect(stderr).not.toMatch(/EPIPE|Error|at /);
  });

  it('ends with 1 where it may not read', async () => {
    await using folder = await Folder.create();
    const { cli, url } = await startServer(folder.path);
    await using _ = cli;
    const { code, stdout, stderr } = await thrum(['tail', 'user:7', '--url', url], { cwd: folder.path });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('user:7: Access denied to channel (access_denied)');
    const since = await thrum(['tail', 'chat:lobby', '--since', '1000', '--url', url], { cwd: folder.path });
    expect(since).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--since: expected latest or a number from 1 to 300'),
    });
  });
});
