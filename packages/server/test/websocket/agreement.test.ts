import { describe, expect, it } from 'vitest';
import { agreeOnDeflate, offeredProtocols } from '../../src/transports/websocket/agreement.ts';

const answer = 'permessage-deflate; server_no_context_takeover; client_no_context_takeover';

describe('the extensions that a client offers', () => {
  it.each([
    'permessage-deflate',
    'permessage-deflate; client_max_window_bits',
    'permessage-deflate; client_max_window_bits=8',
    'permessage-deflate; client_max_window_bits="15"',
    'permessage-deflate;server_no_context_takeover;client_no_context_takeover',
    'x-webkit-deflate-frame, permessage-deflate; client_max_window_bits',
    'permessage-deflate; server_max_window_bits=10, permessage-deflate',
    'permessage-deflate; unknown, permessage-deflate',
    'foo; bar="baz", permessage-deflate',
  ])('%s is agreed to without a context that is taken over', (header) => {
    expect(agreeOnDeflate(header)).toBe(answer);
  });

  it('a window for the server is agreed to when it is the whole one', () => {
    expect(agreeOnDeflate('permessage-deflate; server_max_window_bits=15')).toBe(
      `${answer}; server_max_window_bits=15`,
    );
  });

  it.each([
    undefined,
    '',
    ',',
    'foo',
    'permessage-bzip2',
    'Permessage-Deflate',
    'permessage-deflate-2',
    'permessage-deflate; unknown',
    'permessage-deflate; ',
    'permessage-deflate; server_no_context_takeover=1',
    'permessage-deflate; client_no_context_takeover=true',
    'permessage-deflate; server_max_window_bits',
    'permessage-deflate; server_max_window_bits=14',
    'permessage-deflate; server_max_window_bits=16',
    'permessage-deflate; client_max_window_bits=7',
    'permessage-deflate; client_max_window_bits=16',
    'permessage-deflate; client_max_window_bits=08',
    'permessage-deflate; client_max_window_bits=x',
    'permessage-deflate; client_max_window_bits; client_max_window_bits=10',
    'permessage-deflate; __proto__',
  ])('%s leaves the connection without', (header) => {
    expect(agreeOnDeflate(header)).toBeUndefined();
  });
});

describe('the subprotocols that a client offers', () => {
  it.each([
    [undefined, []],
    ['a', ['a']],
    ['thrum.v1.json, graphql-ws', ['thrum.v1.json', 'graphql-ws']],
    ['a,b ,\tc', ['a', 'b', 'c']],
  ])('%s', (header, names) => {
    expect([...(offeredProtocols(header) ?? ['malformed'])]).toEqual(names);
  });

  it.each(['', ',', 'a,', ',a', 'a,,b', 'a b', 'a,b,a', 'a;b', 'a/b', '"a"', 'é'])(
    '%s is malformed',
    (header) => {
      expect(offeredProtocols(header)).toBeUndefined();
    },
  );

  it('takes no longer for a header that only nearly fits', () => {
    expect(offeredProtocols(`${'a, '.repeat(2500)}(`)).toBeUndefined();
  });
});
