import { execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connectRaw } from '@thrum/testkit';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { verifyWebhook, WebhookVerificationError } from '../../src/index.ts';
import { signedHeaders, webhookKey, webhookSecretProblem } from '../../src/webhooks/signature.ts';
import { startServer } from '../support.ts';
import { otherSecret, type Received, secret, TestBackend } from './backend.ts';

/** A request as a real server signs it. */
async function signedRequest(secrets: readonly string[] = [secret]): Promise<Received> {
  await using backend = await TestBackend.start(() => ({ allow: true, userId: 'ann' }));
  await using server = await startServer({ webhooks: { connectUrl: backend.url, secrets } });
  await using client = await connectRaw(`${server.url}?token=tökén`);
  await client.next('welcome');
  return backend.next();
}

afterEach(() => {
  vi.useRealTimers();
});

describe('a signature', () => {
  it('is that of the example in Standard Webhooks', () => {
    const body = Buffer.from('{"test": 2432232314}');
    expect(signedHeaders([webhookKey(secret)], 'msg_p5jXN8AQM9LWM0D4loKWxJek', 1_614_265_330, body)).toEqual({
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });

  it('is what anybody with the secret works out', async () => {
    const { headers, body } = await signedRequest();
    const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
    const text = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
    expect(headers['webhook-signature']).toBe(
      `v1,${createHmac('sha256', key).update(text).digest('base64')}`,
    );
  });

  it('is accepted by the helper, from Node\u2019s headers and from fetch\u2019s, as text and as bytes', async () => {
    const { headers, body, request } = await signedRequest();
    const expected = { id: headers['webhook-id'], request };
    expect(verifyWebhook(headers, body, { secrets: secret })).toEqual(expected);
    const fetched = new Headers(Object.entries(headers).map(([name, value]) => [name, String(value)]));
    expect(
      verifyWebhook(fetched, new TextEncoder().encode(body), { secrets: [otherSecret, secret] }),
    ).toEqual(expected);
  });

  it('is made with each secret, so that both sides can change theirs one after the other', async () => {
    const { headers, body } = await signedRequest([otherSecret, secret]);
    expect(String(headers['webhook-signature']).split(' ')).toHaveLength(2);
    for (const one of [secret, otherSecret]) verifyWebhook(headers, body, { secrets: one });
  });

  it.each<[string, (received: Received) => [Received['headers'], string]]>([
    ['another body', ({ headers, body }) => [headers, `${body} `]],
    ['another id', ({ headers, body }) => [{ ...headers, 'webhook-id': 'msg_other' }, body]],
    ['another time', ({ headers, body }) => [{ ...headers, 'webhook-timestamp': '1614265330' }, body]],
    ['no signature', ({ headers, body }) => [{ ...headers, 'webhook-signature': '' }, body]],
    ['half a signature', ({ headers, body }) => [{ ...headers, 'webhook-signature': 'v1,aaaa' }, body]],
    [
      'a signature of another kind',
      ({ headers, body }) => [
        { ...headers, 'webhook-signature': String(headers['webhook-signature']).replace('v1,', 'v1a,') },
        body,
      ],
    ],
    ['a time that is none', ({ headers, body }) => [{ ...headers, 'webhook-timestamp': '1e9' }, body]],
    ['no headers', ({ body }) => [{}, body]],
  ])('is not believed with %s', async (_, change) => {
    const [headers, body] = change(await signedRequest());
    expect(() => verifyWebhook(headers, body, { secrets: secret })).toThrow(WebhookVerificationError);
  });

  it('is not believed with another secret', async () => {
    const { headers, body } = await signedRequest();
    expect(() => verifyWebhook(headers, body, { secrets: otherSecret })).toThrow('no signature fits');
    expect(() => verifyWebhook(headers, body, { secrets: 'a password' })).toThrow(TypeError);
  });

  it('is believed for five minutes, before and after', async () => {
    const { headers, body } = await signedRequest();
    const at = Number(headers['webhook-timestamp']) * 1000;
    const verify = (seconds: number, toleranceSeconds?: number): unknown => {
      vi.useFakeTimers({ now: at + seconds * 1000, toFake: ['Date'] });
      return verifyWebhook(headers, body, {
        secrets: secret,
        ...(toleranceSeconds === undefined ? {} : { toleranceSeconds }),
      });
    };
    for (const seconds of [-300, 300]) verify(seconds);
    for (const seconds of [-301, 301]) expect(() => verify(seconds)).toThrow('more than 300 s away');
    expect(() => verify(20, 10)).toThrow('more than 10 s away');
    verify(3600, 4000);
  });
});

describe('a secret', () => {
  it.each([
    '',
    'password',
    'whsec_',
    `whsec_${'a'.repeat(31)}`,
    'whsec_c2hvcnQ=',
    `whsec_${'A'.repeat(88)}`,
    `whsec_${'-_'.repeat(20)}`,
  ])('may not be %j, and is not repeated in the answer', (bad) => {
    const problem = webhookSecretProblem(bad);
    expect(problem).toContain('24 to 64 random bytes');
    if (bad.length > 6) expect(problem).not.toContain(bad);
  });
});

describe('the example for Python in docs/webhooks.md', () => {
  const page = readFileSync(new URL('../../../../docs/webhooks.md', import.meta.url), 'utf8');
  const [, program = ''] = /```python\n([\s\S]*?)```/.exec(page) ?? [];
  const hasPython = ((): boolean => {
    try {
      execFileSync('python3', ['--version'], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  })();

  it.runIf(hasPython)('accepts what a server signs, and nothing else', async () => {
    const { headers, body } = await signedRequest();
    const run = (given: object, text: string): string =>
      execFileSync('python3', ['-c', `${program}\n${check}`], {
        input: JSON.stringify({ headers: given, body: text, secret }),
        encoding: 'utf8',
      }).trim();
    expect(run(headers, body)).toBe('True');
    expect(run(headers, `${body} `)).toBe('False');
    expect(run({ ...headers, 'webhook-id': 'x' }, body)).toBe('False');
    expect(run({ ...headers, 'webhook-timestamp': '1614265330' }, body)).toBe('False');
    expect(run({}, body)).toBe('False');
  });
});

const check = `
import json, sys
given = json.load(sys.stdin)
print(is_from_thrum(given["headers"], given["body"].encode(), [given["secret"]]))
`;
