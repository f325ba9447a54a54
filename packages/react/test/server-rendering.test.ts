import { createClient } from '@thrum/client';
import { createElement } from 'react';
import type { ReactElement, ReactNode } from 'react';
import { renderToString } from 'react-dom/server';
import { describe, expect, it } from 'vitest';
import { ThrumProvider, useChannel, useConnection, useEvent, usePresence, useStatus } from '@thrum/react';
import type { App } from './contract.ts';

const Page = ({ name }: { readonly name?: `chat:${string}` }): ReactElement => {
  const state = useConnection();
  const chat = useChannel(name);
  const status = useStatus(chat);
  const members = usePresence(chat);
  useEvent(chat, 'message', () => {
    throw new Error('nothing is heard on a server');
  });
  return createElement('p', null, [state, status, members.length].join(' '));
};

const render = (page: ReactNode): string => renderToString(page);

describe('on a server', () => {
  it('renders what a page shows before it is connected, and connects nothing', () => {
    let dialed = 0;
    class Counting extends EventTarget {
      readonly readyState = 0;
      binaryType = '';
      constructor() {
        super();
        dialed += 1;
      }
      send(): void {}
      close(): void {}
    }
    const client = createClient<App>('wss://example.com/ws', { WebSocket: Counting });
    expect(render(createElement(ThrumProvider, { client }, createElement(Page, { name: 'chat:a' })))).toBe(
      '<p>disconnected unsubscribed 0</p>',
    );
    expect([client.state, client.channel('chat:a').status, dialed]).toEqual([
      'disconnected',
      'unsubscribed',
      0,
    ]);
  });

  it('renders without a channel while its name is not known', () => {
    const client = createClient<App>('wss://example.com/ws');
    expect(render(createElement(ThrumProvider, { client }, createElement(Page)))).toBe(
      '<p>disconnected unsubscribed 0</p>',
    );
  });

  it('says so where there is no provider', () => {
    expect(() => render(createElement(Page))).toThrow('expected a <ThrumProvider> above, got none');
  });
});
