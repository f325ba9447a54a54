import { expect, test, vi } from 'vitest';
import { NetworkSwitch } from '../src/lib/network.ts';
import type { SocketConstructor } from '@thrum/client';
import { createTaps, type TapSink, type TapSocket } from '../src/lib/socket-tap.ts';

// Node has a CloseEvent of its own only from version 23 on.
globalThis.CloseEvent ??= class extends Event {
  readonly code: number;
  readonly reason: string;
  readonly wasClean: boolean;

  constructor(type: string, { code = 0, reason = '', wasClean = false }: CloseEventInit = {}) {
    super(type);
    this.code = code;
    this.reason = reason;
    this.wasClean = wasClean;
  }
};

/** A WebSocket whose other side is the test. */
class FakeSocket extends EventTarget {
  static readonly all: FakeSocket[] = [];
  readonly url: string;
  readonly sent: unknown[] = [];
  readonly closes: unknown[][] = [];
  readyState = 0;
  binaryType = 'blob';

  constructor(url: string) {
    super();
    this.url = url;
    FakeSocket.all.push(this);
  }

  open(): void {
    this.readyState = 1;
    this.dispatchEvent(new Event('open'));
  }

  say(data: unknown): void {
    this.dispatchEvent(new MessageEvent('message', { data }));
  }

  end(code: number, reason = ''): void {
    this.readyState = 3;
    this.dispatchEvent(new CloseEvent('close', { code, reason, wasClean: true }));
  }

  send(data: unknown): void {
    this.sent.push(data);
  }

  close(...args: unknown[]): void {
    this.readyState = 2;
    this.closes.push(args);
  }
}

interface Rig {
  readonly network: NetworkSwitch;
  /** What the inspector was told. */
  readonly seen: string[];
  /** What the owner of the socket heard. */
  readonly heard: string[];
  readonly dial: () => TapSocket;
  readonly inner: () => FakeSocket;
}

function rig(): Rig {
  const network = new NetworkSwitch();
  const seen: string[] = [];
  const heard: string[] = [];
  const sink: TapSink = {
    frame: (direction, data) => seen.push(`${direction} ${String(data)}`),
    note: (type, text) => seen.push(`${type} ${text}`),
  };
  const { WebSocket: Tap } = createTaps(FakeSocket as unknown as SocketConstructor, {
    sink,
    isOnline: () => network.online.get(),
    enter: (socket) => network.enter(socket),
  });
  const dial = (): TapSocket => {
    const socket = new Tap('ws://host/ws?token=s3cret') as TapSocket;
    socket.addEventListener('open', () => heard.push('open'));
    socket.addEventListener('message', (event) =>
      heard.push(`message ${String((event as MessageEvent).data)}`),
    );
    socket.addEventListener('error', () => heard.push('error'));
    socket.addEventListener('close', (event) => {
      const { code, reason, wasClean } = event as CloseEvent;
      heard.push(`close ${code} ${reason} ${wasClean}`);
    });
    return socket;
  };
  return { network, seen, heard, dial, inner: () => FakeSocket.all.at(-1) as FakeSocket };
}

test('everything passes through, and the inspector sees it without the token in the address', () => {
  const { seen, heard, dial, inner } = rig();
  const socket = dial();
  socket.binaryType = 'arraybuffer';
  inner().open();
  socket.send('hi');
  inner().say('ho');
  inner().end(1001, 'Going away');
  expect(inner().url).toBe('ws://host/ws?token=s3cret');
  expect(inner().binaryType).toBe('arraybuffer');
  expect(inner().sent).toEqual(['hi']);
  expect(heard).toEqual(['open', 'message ho', 'close 1001 Going away true']);
  expect(seen).toEqual(['opened ws://host/ws?token=‹redacted›', 'out hi', 'in ho', 'closed 1001 Going away']);
});

test('a killed socket reports 1006 at once and nothing after it', () => {
  const { network, heard, dial, inner } = rig();
  const socket = dial();
  inner().open();
  expect(network.kill()).toBe(1);
  expect(heard).toEqual(['open', 'error', 'close 1006  false']);
  expect(socket.readyState).toBe(3);
  expect(inner().closes).toEqual([[4400, 'Killed in the playground']]);
  inner().say('late');
  inner().end(4400);
  socket.send('late too');
  expect(inner().sent).toEqual([]);
  expect(heard).toHaveLength(3);
});

test('a kill finds a socket that is still dialling, and none that is over', () => {
  const { network, heard, dial, inner } = rig();
  dial();
  expect(network.kill()).toBe(1);
  expect(inner().closes).toEqual([[]]);
  expect(network.kill()).toBe(0);
  expect(heard).toEqual(['error', 'close 1006  false']);
  dial();
  inner().open();
  inner().end(1000);
  expect(network.kill()).toBe(0);
});

test('offline, live sockets are cut, and a dial fails without touching the network', async () => {
  const { network, heard, dial, inner } = rig();
  dial();
  inner().open();
  network.setOnline(false);
  expect(heard).toEqual(['open', 'error', 'close 1006  false']);
  const dialled = FakeSocket.all.length;
  const socket = dial();
  expect(socket.readyState).toBe(0);
  expect(() => socket.send('x')).toThrow(DOMException);
  await vi.waitUntil(() => heard.length === 5);
  expect(heard.slice(3)).toEqual(['error', 'close 1006  false']);
  expect(FakeSocket.all).toHaveLength(dialled);
  network.setOnline(true);
  dial();
  expect(FakeSocket.all).toHaveLength(dialled + 1);
});

test('closing an offline dial ends it, once', async () => {
  const { network, heard, dial } = rig();
  network.setOnline(false);
  const socket = dial();
  socket.close(1000);
  await new Promise((resolve) => setTimeout(resolve, 0));
  expect(heard).toEqual(['error', 'close 1006  false']);
});

test('what travels over HTTP passes through as well, under the name of its transport', () => {
  const network = new NetworkSwitch();
  const seen: string[] = [];
  const { wrap } = createTaps(FakeSocket as unknown as SocketConstructor, {
    sink: {
      frame: (direction, data) => seen.push(`${direction} ${String(data)}`),
      note: (type, text) => seen.push(`${type} ${text}`),
    },
    isOnline: () => network.online.get(),
    enter: (socket) => network.enter(socket),
  });
  const real = new FakeSocket('');
  const socket = wrap(() => real as unknown as WebSocket, 'sse');
  real.open();
  socket.send('hi');
  real.say('ho');
  expect(real.sent).toEqual(['hi']);
  expect(network.kill()).toBe(1);
  expect(real.closes).toHaveLength(1);
  expect(seen).toEqual(['opened SSE', 'out hi', 'in ho', 'closed 1006 (killed)']);
});
