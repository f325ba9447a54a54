import { describe, expect, it } from 'vitest';
import { createLog } from '../../src/node/log.ts';
import { redactText, redactUrl } from '../../src/node/redact.ts';

const jwt = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI0MiJ9.c2lnbmF0dXJl';

function collect(readable = false) {
  const lines: string[] = [];
  const log = createLog({
    level: 'debug',
    readable,
    destination: { write: (line: string) => void lines.push(line) },
  });
  return { lines, log };
}

describe('redaction', () => {
  it.each([
    ['/ws?token=secret', '/ws?token=[redacted]'],
    ['/ws?a=1&token=secret&b=2', '/ws?a=1&token=[redacted]&b=2'],
    ['/ws?TOKEN=secret#x', '/ws?TOKEN=[redacted]#x'],
    ['/ws?access_token=secret', '/ws?access_token=[redacted]'],
    ['/channels?api_key=secret&x=1', '/channels?api_key=[redacted]&x=1'],
    ['/channels?apikey=secret', '/channels?apikey=[redacted]'],
    ['/channels?limit=1&key=secret', '/channels?limit=1&key=[redacted]'],
    ['/x?monkey=1', '/x?monkey=1'],
    ['ws://h/ws?token=', 'ws://h/ws?token=[redacted]'],
    ['/ws?mytoken=1', '/ws?mytoken=1'],
  ])('takes the token out of %s', (url, expected) => {
    expect(redactUrl(url)).toBe(expected);
  });

  it('takes tokens out of any text', () => {
    expect(redactText(`Authorization: Bearer ${jwt}, and ${jwt} again`)).toBe(
      'Authorization: Bearer [redacted], and [redacted] again',
    );
  });
});

describe('the log', () => {
  it('writes one JSON object a line', () => {
    const { lines, log } = collect();
    log.warn('handshake refused', { status: 403, origin: undefined, url: '/ws?token=secret' });
    expect(lines).toHaveLength(1);
    const line = JSON.parse(lines[0] ?? '') as Record<string, unknown>;
    expect(line).toMatchObject({
      level: 40,
      msg: 'handshake refused',
      status: 403,
      url: '/ws?token=[redacted]',
    });
    expect(line).not.toHaveProperty('origin');
  });

  it.each([false, true])('shows no token, wherever it hides (readable: %s)', (readable) => {
    const { lines, log } = collect(readable);
    const error = new Error(`cannot fetch https://x.example/?token=secret`, {
      cause: new Error(`got Bearer secret`),
    });
    log.error(`token=secret ${jwt}`, { field: `Bearer secret ${jwt}`, url: '?token=secret' }, error);
    log.warn('x', {}, `Bearer secret ${'a'.repeat(2000)} ${jwt}`);
    expect(lines.join('')).not.toMatch(/Bearer secret|\?token=secret|eyJ/);
  });

  it.each([false, true])('cannot be made to forge a line or steer a terminal (readable: %s)', (readable) => {
    const { lines, log } = collect(readable);
    const hostile = 'a\r\nb\u001b[2J\u009b2J\u2028c\u0000';
    log.info('name', { hostile });
    log.info(hostile);
    for (const line of lines) {
      expect(line.slice(0, -1)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028]/);
      expect(line.endsWith('\n')).toBe(true);
    }
  });

  it('cuts what is too long, and never throws', () => {
    const { lines, log } = collect();
    log.info('long', { text: 'x'.repeat(1_000_000) });
    expect(lines[0]?.length).toBeLessThan(2500);
    const throwing = createLog({
      destination: {
        write: () => {
          throw new Error('disk full');
        },
      },
    });
    expect(() => throwing.error('x')).not.toThrow();
  });

  it('shows people an error with its cause and stack', () => {
    const { lines, log } = collect(true);
    log.error('it failed', { n: 1, name: 'two words' }, new TypeError('no', { cause: new Error('because') }));
    expect(lines.join('')).toMatch(
      /error it failed {2}n=1 name="two words"\n {4}TypeError: no\n {4}caused by Error: because\n {4}at /,
    );
  });
});
