import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { AddressRules, allowPrivateProblem, type Resolve } from '../../src/webhooks/addresses.ts';
import { TestBackend } from './backend.ts';
import { post, posterFor } from './posting.ts';

/** A name server that gives these answers one after the other, the last one from then on. */
function resolving(...answers: readonly (readonly string[])[]): Resolve & { readonly asked: string[] } {
  const asked: string[] = [];
  const resolve: Resolve = (hostname, _options, done) => {
    const answer = answers[Math.min(asked.length, answers.length - 1)] ?? [];
    asked.push(hostname);
    const found = answer.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
    setImmediate(() => done(null, found));
  };
  return Object.assign(resolve, { asked });
}

describe('an address', () => {
  const rules = new AddressRules([]);

  it.each([
    '0.0.0.0',
    '0.1.2.3',
    '10.0.0.1',
    '100.64.0.1',
    '100.127.255.255',
    '127.0.0.1',
    '127.255.255.254',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.0.0.8',
    '192.0.2.1',
    '192.168.1.1',
    '198.18.0.1',
    '203.0.113.5',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:10.0.0.1',
    '::ffff:8.8.8.8',
    '::ffff:a9fe:a9fe',
    '::127.0.0.1',
    '64:ff9b::7f00:1',
    '100::1',
    'fc00::1',
    'fd00:ec2::254',
    'fe80::1',
    'fe80::1%eth0',
    'fec0::1',
    'ff02::1',
    '2001::1',
    '2001:db8::1',
    '2002:7f00:1::1',
    'not an address',
    '',
  ])('such as %j is refused', (address) => {
    expect(rules.allows('example.com', address)).toBe(false);
  });

  it.each([
    '8.8.8.8',
    '100.63.0.1',
    '100.128.0.1',
    '172.32.0.1',
    '169.253.0.1',
    '223.255.255.255',
    '2606:4700::1111',
    '2a00:1450::1',
  ])('such as %s is public', (address) => {
    expect(rules.allows('example.com', address)).toBe(true);
  });

  it('is allowed by its range, and only in its own family', () => {
    const some = new AddressRules(['10.1.0.0/16', 'fd12::/16', '169.254.169.254']);
    expect(['10.1.2.3', 'fd12::5', '169.254.169.254'].map((address) => some.allows('x', address))).toEqual([
      true,
      true,
      true,
    ]);
    expect(
      ['10.2.0.1', '::ffff:10.1.2.3', 'fd13::1', '169.254.169.253'].map((a) => some.allows('x', a)),
    ).toEqual([false, false, false, false]);
  });

  it('is allowed by its host\u2019s name where it is of a network of one\u2019s own, never where it is link-local', () => {
    const named = new AddressRules(['backend.internal']);
    const own = ['10.0.0.1', '192.168.0.1', '127.0.0.1', '100.64.0.1', 'fd00::1', '::1'];
    expect(own.map((address) => named.allows('Backend.Internal', address))).toEqual(own.map(() => true));
    const other = ['169.254.169.254', 'fe80::1', '224.0.0.1', '0.0.0.0', '::ffff:127.0.0.1'];
    expect(other.map((address) => named.allows('backend.internal', address))).toEqual(other.map(() => false));
    expect(own.map((address) => named.allows('other.internal', address))).toEqual(own.map(() => false));
  });
});

describe('an entry of allowPrivate', () => {
  it.each([
    'localhost',
    'backend.internal',
    'api_1.svc.cluster.local',
    '10.0.0.1',
    '10.0.0.0/8',
    'fd00::/8',
    '::1',
  ])('may be %s', (entry) => expect(allowPrivateProblem(entry)).toBeUndefined());

  it.each([
    '10.0.0.0/33',
    '10.0.0/8',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    'http://x',
    'a b',
    '*',
    '',
    '1.2.3',
    'fe80::1%eth0',
  ])('may not be %j', (entry) => expect(allowPrivateProblem(entry)).toContain('expected a host name'));
});

describe('a request', () => {
  it('never reaches a private address, given as a name or in any spelling', async () => {
    await using backend = await TestBackend.start();
    const { port } = backend;
    for (const host of [
      'localhost',
      '127.0.0.1',
      '2130706433',
      '0x7f.1',
      '127.1',
      '[::ffff:127.0.0.1]',
      '0.0.0.0',
    ]) {
      using poster = posterFor({ allowPrivate: [] });
      await expect(post(poster, `http://${host}:${port}/`), host).rejects.toMatchObject({
        kind: 'ours',
        message: expect.stringContaining('allowPrivate') as string,
      });
    }
    expect(backend.connections).toBe(0);
  });

  it('goes to the address that was checked: a name server that changes its answer gets nobody further in', async () => {
    await using backend = await TestBackend.start();
    const resolve = resolving(['127.0.0.1'], ['169.254.169.254'], ['127.0.0.2']);
    using poster = posterFor({ allowPrivate: ['127.0.0.1'], resolve });
    const url = `http://rebind.example:${backend.port}/`;
    await post(poster, url);
    expect(resolve.asked).toEqual(['rebind.example']);
    // The kept connection goes to the address that was checked, so nobody is asked again.
    await post(poster, url);
    expect(resolve.asked).toHaveLength(1);
    for (const socket of backend.sockets) socket.destroy();
    for (let turn = 0; turn < 2; turn += 1) {
      await expect(post(poster, url)).rejects.toMatchObject({ kind: 'ours' });
    }
    expect(resolve.asked).toHaveLength(3);
    expect(backend.connections).toBe(1);
  });

  it('takes of several addresses only those that may be called', async () => {
    await using backend = await TestBackend.start();
    const resolve = resolving(['10.0.0.1', '::ffff:127.0.0.1', '127.0.0.1']);
    using poster = posterFor({ allowPrivate: ['127.0.0.0/8'], resolve });
    await post(poster, `http://mixed.example:${backend.port}/`);
    expect(backend.connections).toBe(1);
  });

  it('takes no proxy from the environment', async () => {
    await using backend = await TestBackend.start();
    await using proxy = await TestBackend.start();
    const module = new URL('posting.ts', import.meta.url).href;
    const script = `
      import { request } from 'node:http';
      import { post, posterFor } from ${JSON.stringify(module)};
      await post(posterFor({}), ${JSON.stringify(backend.url)});
      // Node's own way of asking does take it, so the variables are right.
      request(${JSON.stringify(backend.url)}, { method: 'POST' }, (response) => response.resume()).end('{}');`;
    const env = { ...process.env, HTTP_PROXY: `http://127.0.0.1:${proxy.port}`, NODE_USE_ENV_PROXY: '1' };
    const args = ['--conditions=thrum:source', '--input-type=module', '--eval', script];
    await promisify(execFile)(process.execPath, args, { env });
    expect([backend.received.seen.length, proxy.received.seen.length]).toEqual([1, 1]);
  });
});
