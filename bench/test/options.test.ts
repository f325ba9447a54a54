import { describe, expect, test } from 'vitest';
import { readOptions, scenarioNames, UsageError } from '../options.ts';
import { peerNames } from '../peers.ts';

describe('the options', () => {
  test('have defaults for everything but the scenario', () => {
    const options = readOptions(['fanout']);
    expect(options.scenarios).toEqual(['fanout']);
    expect(options.peers).toEqual(peerNames);
    expect(options).toMatchObject({
      shapes: [{ channels: 1, subscribers: 1000 }],
      payloads: [100],
      inFlight: [4, 64],
      servers: 1,
      connections: undefined,
    });
  });

  test('of --quick give way to what is said', () => {
    const { rounds, shapes } = readOptions(['all', '--quick', '--rounds', '7']);
    expect(rounds).toBe(7);
    expect(shapes).toEqual([{ channels: 1, subscribers: 200 }]);
  });

  test('take several shapes, payloads and peers', () => {
    const options = readOptions([
      ...[
        'fanout',
        '--shape',
        '1x1000,1000x1,100x100',
        '--payload',
        '100,4096',
        '--peers',
        'thrum,socket.io',
      ],
    ]);
    expect(options.shapes).toEqual([
      { channels: 1, subscribers: 1000 },
      { channels: 1000, subscribers: 1 },
      { channels: 100, subscribers: 100 },
    ]);
    expect(options.payloads).toEqual([100, 4096]);
    expect(options.peers).toEqual(['thrum', 'socket.io']);
  });

  test('all means every scenario', () => {
    expect(readOptions(['all']).scenarios).toEqual(scenarioNames);
  });

  test.each([
    [[], 'got nothing'],
    [['fan'], 'got fan'],
    [['fanout', 'idle'], 'got fanout idle'],
    [['fanout', '--shape', '0x5'], 'expected channels x subscribers such as 100x100, got 0x5'],
    [['fanout', '--shape', ''], '--shape: expected at least one value'],
    [['fanout', '--payload', '10'], 'expected 20 to 60000 bytes, got 10'],
    [['fanout', '--rounds', '1.5'], 'expected a whole number above 0, got 1.5'],
    [['fanout', '--peers', 'sockjs'], 'got sockjs'],
    [['fanout', '--floor', '/no/such/floor'], 'expected a file, got /no/such/floor'],
    [['fanout', '--fast'], "'--fast'"],
  ])('%j is refused with what was expected', (args, message) => {
    expect(() => readOptions(args)).toThrow(UsageError);
    expect(() => readOptions(args)).toThrow(message);
  });
});
