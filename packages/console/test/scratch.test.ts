import type { Publication } from '@thrum/protocol';
import { expect, test } from 'vitest';
import { Outbox } from '../src/lib/outbox.ts';
import type { RoomStatus } from '../src/lib/ports.ts';
import { Scratch, type ScratchChannel } from '../src/lib/scratch.ts';

interface Handle extends ScratchChannel {
  tell: (status: RoomStatus) => void;
  deliver: (publication: Publication) => void;
  disposed: boolean;
}

interface Rig {
  readonly scratch: Scratch;
  readonly handles: Handle[];
  readonly log: () => string[];
}

function rig(publish: ScratchChannel['publish'] = () => Promise.reject(new Error('not expected'))): Rig {
  const handles: Handle[] = [];
  const open = (): Handle => {
    const handle: Handle = {
      tell: () => {},
      deliver: () => {},
      disposed: false,
      onStatus: (listener) => {
        handle.tell = listener;
        return () => {};
      },
      onAny: (listener) => {
        handle.deliver = listener;
        return () => {};
      },
      publish,
      dispose: () => {
        handle.disposed = true;
      },
    };
    handles.push(handle);
    return handle;
  };
  const scratch = new Scratch(open, new Outbox(), () => 1);
  const log = (): string[] =>
    scratch.lines.get().map(({ kind, channel, title, detail }) => `${kind} ${channel}: ${title}; ${detail}`);
  return { scratch, handles, log };
}

test('a subscription shows how it stands and what arrives, and asks once', () => {
  const { scratch, handles, log } = rig();
  scratch.subscribe('news');
  scratch.subscribe('news');
  expect(handles).toHaveLength(1);
  expect(scratch.subscriptions.get()).toEqual([{ channel: 'news', status: 'subscribing' }]);
  handles[0]?.tell({ type: 'subscribed', position: { epoch: 'e', offset: 3 } });
  handles[0]?.deliver({
    channel: 'news',
    event: 'item',
    data: { n: 1 },
    epoch: 'e',
    offset: 4,
    timestamp: 1,
  });
  handles[0]?.deliver({ channel: 'news', event: 'typing', data: null, timestamp: 1 });
  handles[0]?.tell({ type: 'behind', dropped: 2 });
  expect(scratch.subscriptions.get()[0]?.status).toBe('subscribed');
  expect(log()).toEqual([
    'status news: subscribed; from offset 3',
    'received news: item #4; {"n":1}',
    'received news: typing; null',
    'status news: behind; 2 dropped',
  ]);
});

test('a refusal stays on the list until it is dismissed', () => {
  const { scratch, handles, log } = rig();
  scratch.subscribe('secret');
  handles[0]?.tell({ type: 'error', error: new Error('Access denied to channel') });
  expect(scratch.subscriptions.get()).toEqual([{ channel: 'secret', status: 'error' }]);
  expect(log()).toEqual(['error secret: subscription; Access denied to channel']);
  scratch.unsubscribe('secret');
  expect(handles[0]?.disposed).toBe(true);
  expect(scratch.subscriptions.get()).toEqual([]);
});

test('a publish records its ack or its refusal, and leaves no handle behind', async () => {
  const answers: Awaited<ReturnType<ScratchChannel['publish']>>[] = [
    { id: '1', duplicate: false, position: { epoch: 'e', offset: 7 } },
    { id: '2', duplicate: false },
  ];
  const { scratch, handles, log } = rig(() => {
    const answer = answers.shift();
    return answer === undefined
      ? Promise.reject(new Error('Cannot send to channel'))
      : Promise.resolve(answer);
  });
  for (let turn = 0; turn < 3; turn++) await scratch.publish('news', 'item', { n: turn });
  expect(log()).toEqual([
    'sent news: item acknowledged; offset 7, epoch e',
    'sent news: item acknowledged; sent live, not kept',
    'error news: item refused; Cannot send to channel',
  ]);
  expect(handles.every(({ disposed }) => disposed)).toBe(true);
});

test('the record is bounded', () => {
  const { scratch, handles } = rig();
  scratch.subscribe('news');
  for (let offset = 1; offset <= 250; offset++) {
    handles[0]?.deliver({ channel: 'news', event: 'item', data: offset, epoch: 'e', offset, timestamp: 1 });
  }
  const lines = scratch.lines.get();
  expect(lines).toHaveLength(200);
  expect(lines.at(-1)?.detail).toBe('250');
  scratch.clear();
  expect(scratch.lines.get()).toEqual([]);
});
