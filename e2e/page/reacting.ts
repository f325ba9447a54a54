// What runs in the browser under react.test.ts: real React, in strict mode, with the hooks.
import { createClient } from '@thrum/client';
import {
  type RegisteredContract,
  ThrumProvider,
  useChannel,
  useConnection,
  useEvent,
  usePresence,
  useStatus,
} from '@thrum/react';
import { createElement, type ReactElement, StrictMode, useState } from 'react';
import { createRoot, hydrateRoot } from 'react-dom/client';
import { renderToString } from 'react-dom/server';

export interface ReactingPage {
  /** Renders from nothing, or onto what a server has rendered. */
  open(token: string, hydrate: boolean): void;
  /** Renders with this name, or without a channel. */
  show(room: string | undefined): void;
  publish(text: string): void;
  /** What the page shows: its state, the channel's status, its members, and what was heard with the render it was heard in. */
  shown(): { state: string; status: string; members: string[]; heard: string[] };
  /** How often the room was rendered. */
  renders(): number;
  /** The types of the frames about channels that went to the server. */
  sent(): string[];
  /** What React complained about. */
  errors: string[];
}

declare global {
  interface Window {
    reacting: ReactingPage;
  }
}

let setRoom: (room: string | undefined) => void;
let renders = 0;
const sent: string[] = [];

class WatchedSocket extends WebSocket {
  override send(data: string): void {
    const { type, channel } = JSON.parse(data) as { readonly type: string; readonly channel?: string };
    if (channel !== undefined) sent.push(`${type} ${channel}`);
    super.send(data);
  }
}

const Room = ({ room }: { readonly room: string | undefined }): ReactElement => {
  const state = useConnection();
  // Another object in each render, as people write it.
  const chat = useChannel(room === undefined ? undefined : `chat:${room}`, { since: { last: 10 } });
  const status = useStatus(chat);
  const members = usePresence(chat);
  const [heard, setHeard] = useState<readonly string[]>([]);
  renders += 1;
  // Knows the state of the render that it belongs to, so it has to be another one each time.
  useEvent(chat, 'message', ({ data }) => setHeard([...heard, `${data.text} @${heard.length}`]));
  window.reacting.publish = (text) => void chat?.publish('message', { text });
  const shown = { state, status, members: members.map(({ userId }) => userId), heard };
  return createElement('output', null, JSON.stringify(shown));
};

const Page = (): ReactElement => {
  const [room, set] = useState<string | undefined>('first');
  setRoom = set;
  return createElement(Room, { room });
};

window.reacting = {
  open: (token, hydrate) => {
    const client = createClient<RegisteredContract>('/ws', {
      getToken: () => token,
      background: true,
      backoff: { base: 50, max: 200 },
      linger: 100,
      WebSocket: WatchedSocket,
    });
    const page = createElement(
      StrictMode,
      null,
      createElement(ThrumProvider, { client }, createElement(Page)),
    );
    const root = document.body.appendChild(document.createElement('main'));
    const onRecoverableError = (error: unknown): unknown => window.reacting.errors.push(String(error));
    if (hydrate) {
      root.innerHTML = renderToString(page);
      // Before React has come to life, the client may have gone ahead.
      client.connect();
      hydrateRoot(root, page, { onRecoverableError });
    } else createRoot(root, { onRecoverableError }).render(page);
  },
  show: (room) => setRoom(room),
  publish: () => {},
  shown: () => JSON.parse(document.querySelector('output')?.textContent ?? 'null') as never,
  renders: () => renders,
  sent: () => sent,
  errors: [],
};
const complain = console.error;
console.error = (...args: unknown[]) => {
  window.reacting.errors.push(args.map(String).join(' '));
  complain(...args);
};
