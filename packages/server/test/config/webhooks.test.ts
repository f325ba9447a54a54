import { describe, expect, it } from 'vitest';
import { toDefinition } from '../../src/config/to-definition.ts';
import { createThrum } from '../../src/index.ts';
import { silentLog } from '../support.ts';
import { channelsFile, Folder, production } from './harness.ts';

const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const other = 'whsec_bm90IHRoZSBzZWNyZXQgb2YgdGhlIG90aGVyIG9uZQ==';
const good: NodeJS.ProcessEnv = {
  THRUM_WEBHOOKS_URL: 'http://127.0.0.1:8000/thrum',
  THRUM_WEBHOOKS_ASK: 'connect,subscribe',
  THRUM_WEBHOOKS_SECRETS: `${secret} ${other}`,
};

describe('webhooks in the configuration', () => {
  it('come from variables, flags and the file, in this order', async () => {
    await using folder = await Folder.create({
      'thrum.config.json': JSON.stringify({
        webhooks: {
          url: 'https://file.example/',
          ask: ['publish'],
          concurrency: 7,
          queue: 8,
          secrets: secret,
        },
      }),
    });
    const { config, problems } = await folder.load(
      { THRUM_WEBHOOKS_ASK: 'subscribe publish', THRUM_WEBHOOKS_QUEUE: '9' },
      { webhooksQueue: '10' },
    );
    expect(problems).toEqual([]);
    expect(config.webhooks).toMatchObject({
      url: 'https://file.example/',
      ask: ['subscribe', 'publish'],
      concurrency: 7,
      queue: 10,
      secrets: [secret],
      allowPrivate: ['127.0.0.0/8', '::1/128'],
    });
    expect(config.webhooks).not.toHaveProperty('eventsUrl');
  });

  it('are off by default', async () => {
    await using folder = await Folder.create();
    const { config, definition } = await folder.load();
    expect(await toDefinition(config, definition, 'x'.repeat(32))).not.toHaveProperty('webhooks');
  });

  it('make a server that needs no other way to check tokens, in production too', async () => {
    await using folder = await Folder.create({ 'thrum.config.mjs': channelsFile });
    const { THRUM_JWT_SECRET: _, ...withoutSecret } = production;
    const env = { ...withoutSecret, ...good, THRUM_WEBHOOKS_URL: 'https://backend.example/thrum' };
    const { config, definition, problems } = await folder.load(env);
    expect(problems).toEqual([]);
    const parts = await toDefinition(config, definition, undefined);
    await createThrum({ ...parts, log: silentLog }).close({ drainMs: 0 });
    // Without the question there is no way.
    const lacking = await folder.problems({ ...env, THRUM_WEBHOOKS_ASK: 'subscribe' });
    expect(lacking).toEqual([expect.stringContaining('or ask a backend (webhooks.connectUrl)')]);
  });

  it.each<[string, NodeJS.ProcessEnv, string]>([
    [
      'a URL with a password',
      { THRUM_WEBHOOKS_URL: 'https://u:hunter2@x.example/' },
      'THRUM_WEBHOOKS_URL: expected an http or https URL without user and password, got "https://…@x.example/"',
    ],
    [
      'another scheme',
      { THRUM_WEBHOOKS_URL: 'file:///etc/passwd' },
      'THRUM_WEBHOOKS_URL: expected an http or https URL',
    ],
    [
      'a question that nobody can ask',
      { THRUM_WEBHOOKS_ASK: 'connect,dance' },
      'THRUM_WEBHOOKS_ASK[1]: expected some of connect, validate, subscribe, publish, got "dance"',
    ],
    [
      'no address to ask at',
      { THRUM_WEBHOOKS_URL: '', THRUM_WEBHOOKS_ASK: 'publish' },
      'THRUM_WEBHOOKS_ASK: expected url, or publishUrl, where publish is asked',
    ],
    [
      'no address to tell',
      { THRUM_WEBHOOKS_URL: '', THRUM_WEBHOOKS_ASK: '', THRUM_WEBHOOKS_EVENTS: 'user.online' },
      'THRUM_WEBHOOKS_EVENTS: expected url or eventsUrl, where events are told',
    ],
    ['an address for nothing', { THRUM_WEBHOOKS_ASK: '' }, 'THRUM_WEBHOOKS_URL: would not be used'],
    [
      'no secret',
      { THRUM_WEBHOOKS_SECRETS: '' },
      'webhooks.secrets: expected a secret to sign requests with',
    ],
    [
      'a secret of another form',
      { THRUM_WEBHOOKS_SECRETS: 'hunter2' },
      'THRUM_WEBHOOKS_SECRETS: expected whsec_ and 24 to 64 bytes in base64, got a text of 7 characters (hidden)',
    ],
    [
      'a range that is none',
      { THRUM_WEBHOOKS_ALLOW_PRIVATE: '10.0.0.0/99' },
      'THRUM_WEBHOOKS_ALLOW_PRIVATE: expected host names, addresses or ranges',
    ],
    [
      'a second way to check tokens',
      { THRUM_JWT_SECRET: 'x'.repeat(40) },
      'THRUM_JWT_SECRET: would be ignored: the connect webhook decides alone',
    ],
  ])('refuse %s', async (_, wrong, expected) => {
    await using folder = await Folder.create();
    const problems = await folder.problems({ ...good, ...wrong });
    expect(problems[0]).toContain(expected);
    expect(problems.join('\n')).not.toContain('hunter2');
  });

  it('refuse an auth of the file beside the connect webhook', async () => {
    const auth = 'export const auth = () => ({ userId: "a" }); export const validateSession = () => true;';
    await using folder = await Folder.create({ 'thrum.config.mjs': auth });
    expect(await folder.problems(good)).toEqual([
      'auth: would be ignored: the connect webhook decides who connects',
      'validateSession: would be ignored: the connect webhook decides who connects',
    ]);
  });

  it('refuse an address in a private network before anything is sent there', async () => {
    await using folder = await Folder.create();
    const { config, definition } = await folder.load({
      ...good,
      THRUM_WEBHOOKS_URL: 'http://169.254.169.254/',
    });
    const parts = await toDefinition(config, definition, undefined);
    expect(() => createThrum({ ...parts, log: silentLog })).toThrow('webhooks.allowPrivate');
  });

  it('warn of a way without TLS to another machine', async () => {
    await using folder = await Folder.create();
    const { warnings } = await folder.load({
      ...good,
      THRUM_WEBHOOKS_URL: 'http://backend.internal/x?key=hunter2',
    });
    expect(warnings.filter((warning) => warning.includes('without TLS'))).toEqual([
      'webhooks go to http://backend.internal without TLS: who is on the way reads tokens and gives answers',
    ]);
    expect((await folder.load(good)).warnings).toEqual([]);
  });

  it('know their fields in a file', async () => {
    await using folder = await Folder.create({
      'thrum.config.json': JSON.stringify({ webhooks: { evntsUrl: 'https://x/' }, limits: 3 }),
    });
    expect(await folder.problems()).toEqual([
      'thrum.config.json:limits: expected an object of limits',
      'thrum.config.json:webhooks.evntsUrl: is no option of Thrum; did you mean webhooks.eventsUrl?',
    ]);
  });
});

describe('webhooks in code', () => {
  it.each<[object, string]>([
    [{ url: 'https://x.example/', ask: ['connect'] }, 'webhooks.secrets'],
    [
      { url: 'ftp://x.example/', ask: ['connect'], secrets: [secret] },
      'webhooks.url: expected an http or https URL',
    ],
    [
      { eventsUrl: 'https://x.example/', secrets: [secret], batchEvents: 0 },
      'webhooks.batchEvents: expected a number above 0, got 0',
    ],
    [{ eventsUrl: 'https://x.example/', secrets: [secret], events: ['user.dances'] }, 'got "user.dances"'],
    [{ eventsUrl: 'https://x.example/', secrets: ['x'] }, 'webhook secret: expected whsec_'],
    [{ eventsUrl: 'https://x.example/', secrets: [secret], allowPrivate: ['a b'] }, 'webhooks.allowPrivate'],
  ])('are refused when they cannot work: %j', (webhooks, message) => {
    expect(() => createThrum({ webhooks, log: silentLog })).toThrow(message);
  });

  it('are refused beside another auth', () => {
    const webhooks = { connectUrl: 'https://x.example/', secrets: [secret] };
    const auth = { secret: 'x'.repeat(32) };
    expect(() => createThrum({ webhooks, auth, log: silentLog })).toThrow(
      'the connect webhook decides who connects',
    );
  });
});
