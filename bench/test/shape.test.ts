import { expect, test } from 'vitest';
import { channelsOf, connectionsOf, expectedAt, formatShape } from '../shape.ts';

test('with one subscriber a channel each connection has a channel of its own', () => {
  const shape = { channels: 3, subscribers: 1 };
  expect(connectionsOf(shape)).toBe(3);
  expect([0, 1, 2].map((index) => channelsOf(shape, index))).toEqual([['bench:0'], ['bench:1'], ['bench:2']]);
});

test('with several subscribers a channel each connection holds all channels', () => {
  const shape = { channels: 2, subscribers: 5 };
  expect(connectionsOf(shape)).toBe(5);
  expect(channelsOf(shape, 4)).toEqual(['bench:0', 'bench:1']);
});

test('what all connections must get is what was published times the subscribers of a channel', () => {
  for (const shape of [
    { channels: 1, subscribers: 1 },
    { channels: 1, subscribers: 4 },
    { channels: 4, subscribers: 1 },
    { channels: 3, subscribers: 3 },
  ]) {
    for (const published of [0, 1, 7, 8]) {
      const indices = [...Array.from({ length: connectionsOf(shape) }).keys()];
      const sum = indices.reduce((sum, index) => sum + expectedAt(shape, index, published), 0);
      expect(sum, `${formatShape(shape)}, ${published} published`).toBe(published * shape.subscribers);
    }
  }
});

test('a shape is written with its plurals', () => {
  expect(formatShape({ channels: 1000, subscribers: 1 })).toBe('1,000 channels × 1 subscriber');
});
