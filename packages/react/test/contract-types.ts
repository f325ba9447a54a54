// Checked by the compiler alone: each line that must not compile says so.
import './contract.ts';
import type { Member, Published } from '@thrum/client';
import { useChannel, useClient, useEvent, usePresence } from '@thrum/react';

export const useTypes = (name: `chat:${string}` | undefined): readonly Member[] => {
  const chat = useChannel('chat:lobby', { since: { last: 5 } });
  useEvent(chat, 'message', ({ event, data }) => {
    const one: 'message' = event;
    const text: string = data.text;
    return [one, text];
  });
  // What a receiver gets is what the schema makes of it.
  useEvent(chat, 'edited', ({ data }) => data.at.getTime());
  // @ts-expect-error the channel has no such event
  useEvent(chat, 'messsage', () => undefined);
  // @ts-expect-error no channel has this name
  useChannel('unknown:lobby');
  chat.publish('message', { text: 'hi' }) satisfies Promise<Published>;
  // @ts-expect-error a wrong payload
  void chat.publish('message', { text: 5 });
  useClient().call('now') satisfies Promise<number>;
  // @ts-expect-error no such method
  void useClient().call('steal');

  const later = useChannel(name);
  useEvent(later, 'message', ({ data }) => data.text);
  // @ts-expect-error there may be none yet
  void later.publish('message', { text: 'hi' });
  return usePresence(later);
};
