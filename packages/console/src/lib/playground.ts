import { createClient, type SocketConstructor } from '@thrum/client';
import { indexedDbPersist } from '@thrum/client/persist';
import { ConnectionWatch } from './connection.ts';
import { IdentityStore } from './identity.ts';
import { Inspector } from './inspector.ts';
import { MessageStore, readBody } from './messages.ts';
import { NetworkSwitch } from './network.ts';
import { Outbox } from './outbox.ts';
import { follow, Room } from './room.ts';
import { channelOfRoom, hashOfRoom, roomFromHash, roomOfChannel } from './room-name.ts';
import { Scratch } from './scratch.ts';
import { createTaps } from './socket-tap.ts';
import { Store, type Readable } from './store.ts';
import { ThemeStore } from './theme.ts';
import { type TransportChoice, TransportSwitch } from './transport-choice.ts';
import { openTyping } from './typing.ts';

/** Everything the page shows and does; components only read it and call it. */
export interface Playground {
  /** Where the sockets go, for copying into a shell. */
  readonly url: string;
  readonly connection: ConnectionWatch;
  readonly identity: IdentityStore;
  readonly inspector: Inspector;
  readonly network: NetworkSwitch;
  readonly outbox: Outbox;
  readonly room: Readable<Room>;
  readonly scratch: Scratch;
  readonly theme: ThemeStore;
  readonly transport: Readable<TransportChoice>;
  /** Leaves the present connection for one by that way. */
  chooseTransport(choice: TransportChoice): void;
  enterRoom(name: string): void;
}

/** As long as a server remembers ids at the least (PROTOCOL.md §2 message): a repeat after that could come twice. */
const queueAge = 300_000;

/** Opens the playground in this page: one client, one room at a time, for as long as the page lives. */
export function openPlayground(page: Window & typeof globalThis): Playground {
  const url = new URL('ws', page.document.baseURI);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  url.hash = '';
  const network = new NetworkSwitch();
  const isOnline = (): boolean => network.online.get();
  const inspector = new Inspector();
  const outbox = new Outbox();
  const identity = new IdentityStore({
    storage: storageOr(() => page.sessionStorage),
    fetch: (path, init) => page.fetch(path, init),
    isOnline,
  });
  const taps = createTaps(page.WebSocket as SocketConstructor, {
    sink: inspector,
    isOnline,
    enter: (socket) => network.enter(socket),
  });
  const transport = new TransportSwitch(storageOr(() => page.sessionStorage));
  const { userId } = identity.current.get();
  const client = createClient(url.href, {
    getToken: identity.getToken,
    transports: transport.transports,
    WebSocket: taps.WebSocket,
    http: { wrap: taps.wrap },
    queue: { maxAge: queueAge },
    persist: indexedDbPersist({
      name: 'playground',
      user: userId,
      onRestored: ({ channel, data, id }, published) => {
        const tracked = outbox.track(published);
        const room = roomOfChannel(channel);
        // From the console panel: it is counted, and its outcome has no line to go to.
        if (room === undefined) return tracked.catch(() => {});
        const { text, name = '' } = readBody(data);
        storeOf(room).sending(id, { text, name, at: Date.now() });
        return follow(storeOf(room), id, tracked);
      },
    }),
  });
  const connection = new ConnectionWatch(client);
  const self = (): string | undefined => client.userId ?? identity.current.get().userId;

  // Kept for as long as the page lives: unsent messages outlast a look into another room.
  const stores = new Map<string, MessageStore>();
  const storeOf = (name: string): MessageStore => {
    const messages = stores.get(name) ?? new MessageStore(self);
    stores.set(name, messages);
    return messages;
  };
  const open = (name: string): Room => {
    const messages = storeOf(name);
    const channel = client.channel(channelOfRoom(name));
    const typing = openTyping(channel, client);
    return new Room(name, { channel, messages, typing, identity: identity.current, outbox });
  };
  const room = new Store(open(roomFromHash(page.location.hash)));
  page.addEventListener('hashchange', () => {
    const name = roomFromHash(page.location.hash);
    if (name === room.get().name) return;
    room.get().dispose();
    room.set(open(name));
  });

  return {
    url: url.href,
    connection,
    identity,
    inspector,
    network,
    outbox,
    room,
    scratch: new Scratch((channel) => client.channel(channel), outbox),
    theme: new ThemeStore(
      page.document.documentElement,
      storageOr(() => page.localStorage),
    ),
    transport: transport.choice,
    chooseTransport: (choice) => {
      transport.choose(choice);
      // Each that is cut may be followed by the next of those that were to be tried.
      while (network.kill('another transport was chosen') > 0);
      if (isOnline()) connection.retry();
    },
    enterRoom: (name) => {
      page.location.hash = hashOfRoom(name.trim());
    },
  };
}

/** A browser that forbids storage throws at the mere mention of it: then nothing is remembered. */
function storageOr(get: () => Storage): Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> {
  try {
    return get();
  } catch {
    return { getItem: () => null, setItem: () => {}, removeItem: () => {} };
  }
}
