// What runs in the browser under tabs.test.ts: the SDK with a connection that is shared between pages.
import { type Channel, type Client, createClient } from '@thrum/client';
import { sharedWebSocket } from '@thrum/client/tabs';

export interface SharingPage {
  /**
   * @param token of the user, for whom alone it shares
   * @param patience milliseconds of silence before it asks for a sign of life, and then for that
   */
  open(token: string, user: string, patience?: number): void;
  /** Sockets to the server that this page has open. */
  sockets(): number;
  /** The types of the frames about channels that this page's sockets carried up. */
  sent(): string[];
  /** What came on `chat:shared`, in order. */
  heard(): unknown[];
  /** The statuses of `chat:shared`, in order. */
  statuses(): string[];
  state(): string;
  members(): number;
  listen(): void;
  leave(): void;
  disconnect(): void;
  publish(...values: unknown[]): Promise<unknown>;
  history(): Promise<number>;
  /** Holds up this page's thread, as a debugger or a long task does. */
  block(milliseconds: number): void;
}

declare global {
  interface Window {
    sharing: SharingPage;
  }
}

const open = new Set<WebSocket>();
const sent: string[] = [];

class CountedSocket extends WebSocket {
  constructor(url: string, protocols?: string | string[]) {
    super(url, protocols);
    this.addEventListener('open', () => open.add(this));
    this.addEventListener('close', () => open.delete(this));
  }
  override send(data: string): void {
    const { type, channel } = JSON.parse(data) as { readonly type: string; readonly channel?: string };
    if (channel !== undefined) sent.push(`${type} ${channel}`);
    super.send(data);
  }
}

let client: Client;
let chat: Channel;
let stop = (): void => {};
const heard: unknown[] = [];
const statuses: string[] = [];

window.sharing = {
  open: (token, user, patience) => {
    client = createClient('/ws', {
      getToken: () => token,
      background: true,
      backoff: { base: 50, max: 200 },
      linger: 50,
      // Over HTTP nothing is shared, and a server that is down for long would send a page there.
      transports: ['websocket'],
      pingInterval: patience,
      pongTimeout: patience,
      WebSocket: sharedWebSocket({ user, WebSocket: CountedSocket }),
    });
    chat = client.channel('chat:shared');
    chat.onStatus(({ type }) => statuses.push(type));
    window.sharing.listen();
  },
  sockets: () => open.size,
  sent: () => sent,
  heard: () => heard,
  statuses: () => statuses,
  state: () => client.state,
  members: () => chat.presence.members.length,
  listen: () => {
    const off = chat.on('message', ({ data }) => heard.push(data));
    const offPresence = chat.presence.onChange(() => undefined);
    stop = () => {
      off();
      offPresence();
    };
  },
  leave: () => stop(),
  disconnect: () => client.disconnect(),
  publish: (...values) => Promise.all(values.map((value) => chat.publish('message', value))),
  history: async () => (await chat.history({ limit: 5 })).publications.length,
  block: (milliseconds) => {
    const until = performance.now() + milliseconds;
    while (performance.now() < until);
  },
};
