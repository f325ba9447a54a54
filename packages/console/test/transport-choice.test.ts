import { expect, test } from 'vitest';
import { TransportSwitch, transportChoices, transportLabel } from '../src/lib/transport-choice.ts';

function storage(stored: string | null): Pick<Storage, 'getItem' | 'setItem'> & { kept: string | null } {
  return {
    kept: stored,
    getItem() {
      return this.kept;
    },
    setItem(_, value) {
      this.kept = value;
    },
  };
}

test('a choice is one list for the SDK, filled anew in place, and kept for the window', () => {
  const kept = storage(null);
  const transport = new TransportSwitch(kept);
  const { transports } = transport;
  expect(transports).toEqual(['websocket', 'sse', 'longpoll']);
  transport.choose('sse');
  expect(transports).toEqual(['sse']);
  expect(transport.choice.get()).toBe('sse');
  expect(new TransportSwitch(kept).transports).toEqual(['sse']);
  transport.choose('auto');
  expect(transports).toEqual(['websocket', 'sse', 'longpoll']);
});

test('a stored choice that is none is passed over, and so is storage that is forbidden', () => {
  expect(new TransportSwitch(storage('pigeon')).choice.get()).toBe('auto');
  const forbidden = new TransportSwitch({
    getItem: () => null,
    setItem: () => {
      throw new DOMException('Denied', 'SecurityError');
    },
  });
  forbidden.choose('longpoll');
  expect(forbidden.transports).toEqual(['longpoll']);
});

test('every choice but the first has a name of its own', () => {
  expect(transportChoices.map(transportLabel)).toEqual(['auto', 'WebSocket', 'SSE', 'Long poll']);
});
