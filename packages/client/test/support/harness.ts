import { createClient } from '../../src/index.ts';
import type { Client, ClientOptions, Lifecycle, LifecycleEvent, StateInfo } from '../../src/index.ts';
import { createFakeServer } from './fake-server.ts';
import type { FakeServer, FakeSocket } from './fake-server.ts';
import { createVirtualEnv } from './virtual-env.ts';
import type { VirtualEnv } from './virtual-env.ts';

/** A page that hides, goes offline and is put away when a test says so. */
export interface FakePage extends Lifecycle {
  isActive: boolean;
  readonly listening: number;
  emit(event: LifecycleEvent): void;
}

export interface Harness {
  readonly client: Client;
  readonly env: VirtualEnv;
  readonly server: FakeServer;
  readonly page: FakePage;
  /** Each state with what came along, oldest first. */
  readonly states: [string, StateInfo][];
  /** The state names alone. */
  stateNames(): string[];
  /** Connects, lets the server accept, and returns the socket. */
  online(): Promise<FakeSocket>;
  /** The network breaks, the backoff passes, and a new socket is accepted. */
  reconnect(): Promise<FakeSocket>;
}

export function createHarness(options: ClientOptions = {}): Harness {
  const env = createVirtualEnv();
  const server = createFakeServer();
  const page = createPage();
  const client = createClient('ws://test/ws', {
    env,
    WebSocket: server.WebSocket,
    lifecycle: page,
    transports: ['websocket'],
    ...options,
  });
  const states: [string, StateInfo][] = [];
  client.onStateChange((state, info) => states.push([state, info]));
  return {
    client,
    env,
    server,
    page,
    states,
    stateNames: () => states.map(([state]) => state),
    online: async () => {
      client.connect();
      await env.settle();
      server.socket.accept();
      await env.settle();
      return server.socket;
    },
    reconnect: async () => {
      server.socket.close(1006);
      await env.advance(1000);
      server.socket.accept();
      await env.settle();
      return server.socket;
    },
  };
}

function createPage(): FakePage {
  const listeners = new Set<(event: LifecycleEvent) => void>();
  return {
    isActive: true,
    get listening() {
      return listeners.size;
    },
    active() {
      return this.isActive;
    },
    listen: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    emit: (event) => {
      for (const listener of [...listeners]) listener(event);
    },
  };
}
