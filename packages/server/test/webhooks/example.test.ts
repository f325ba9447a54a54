import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { connectRaw, EventQueue } from '@thrum/testkit';
import { describe, expect, it } from 'vitest';
import { startServer } from '../support.ts';
import { otherSecret, secret } from './backend.ts';
import { post, posterFor } from './posting.ts';

const path = fileURLToPath(new URL('../../../../examples/webhook-backend.py', import.meta.url));
const page = readFileSync(new URL('../../../../docs/webhooks.md', import.meta.url), 'utf8');
const [, shown = ''] = /```python\nimport .*\n\n([\s\S]*?)```/.exec(page) ?? [];

const hasPython = ((): boolean => {
  try {
    execFileSync('python3', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

/** The example as a process of its own: the lines that it prints. */
async function startExample(
  secrets: string,
): Promise<AsyncDisposable & { readonly url: string; next(): Promise<string> }> {
  const child = spawn('python3', [path, '0'], {
    env: { ...process.env, THRUM_WEBHOOKS_SECRETS: secrets },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = new EventQueue<string>();
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  const next = (): Promise<string> =>
    lines.next(
      () => true,
      () => 'a line of the example',
    );
  const started = await next();
  const port = /^listening on (\d+)$/.exec(started)?.[1];
  if (port === undefined) throw new Error(`the example said ${JSON.stringify(started)}`);
  return {
    url: `http://127.0.0.1:${port}/`,
    next,
    async [Symbol.asyncDispose]() {
      child.kill();
      await new Promise((resolve) => child.once('exit', resolve));
    },
  };
}

describe('the example in Python', () => {
  it('has the function that docs/webhooks.md shows', () => {
    expect(shown).toContain('def is_from_thrum');
    expect(readFileSync(path, 'utf8')).toContain(shown.trim());
  });

  it.runIf(hasPython)('is asked and told by a real server', async () => {
    await using backend = await startExample(`${otherSecret} ${secret}`);
    await using server = await startServer({
      channels: { 'chat:{room}': {} },
      webhooks: {
        url: backend.url,
        ask: ['connect', 'subscribe'],
        events: ['user.online', 'user.offline'],
        secrets: [secret],
        graceSeconds: 0,
        batchSeconds: 0,
      },
    });
    expect(await backend.next()).toBe('online:');
    await using bob = await connectRaw(`${server.url}?token=bob`);
    expect(await backend.next()).toBe('online: bob');
    await using ann = await connectRaw(`${server.url}?token=ann`);
    expect(await backend.next()).toBe('online: ann bob');
    expect(await ann.ask({ type: 'subscribe', channel: 'chat:secret' })).toMatchObject({
      type: 'subscribed',
    });
    expect(await bob.ask({ type: 'subscribe', channel: 'chat:secret' })).toMatchObject({
      code: 'access_denied',
    });
    expect(await bob.ask({ type: 'subscribe', channel: 'chat:open' })).toMatchObject({ type: 'subscribed' });
    await ann.close();
    expect(await backend.next()).toBe('online: bob');
  });

  it.runIf(hasPython)('believes nobody without the secret', async () => {
    await using backend = await startExample(otherSecret);
    using poster = posterFor({});
    await expect(post(poster, backend.url)).rejects.toMatchObject({ status: 401 });
    await using server = await startServer({ webhooks: { connectUrl: backend.url, secrets: [secret] } });
    const client = await connectRaw(`${server.url}?token=ann`);
    expect(await client.closed()).toMatchObject({ code: 1013 });
  });
});
