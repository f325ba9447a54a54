import { channel } from '../channel.ts';
import { payloadMaker, stampedPayload } from '../payload.ts';

const position = { epoch: 'k3v9Q2', offset: 48_211 };
const timestamp = 1_795_400_000_000;

const member = (number: number): object => ({
  userId: `user-${number}`,
  metas: [
    { connectionId: `c${number}Zk3v9Q2`, joinedAt: timestamp + number, state: { name: `Ada ${number}` } },
  ],
});

/** What travels most, as it stands on the wire. */
export const frames: Readonly<Record<string, object>> = {
  'publication, 100 B of text': {
    ...{ type: 'message', channel, data: stampedPayload(100, 0n), ...position, timestamp },
  },
  'publication, chat': {
    ...{ type: 'message', channel: 'chat:lobby', data: { text: 'See you at the station at half past six?' } },
    ...{ ...position, id: 'm-48211', from: 'user-7', timestamp },
  },
  'publication, numbers': {
    ...{
      type: 'move',
      channel: 'cursors:plan',
      data: { x: 1024.5, y: 768.25, pressure: 0.75, at: timestamp },
    },
    ...{ from: 'user-7', timestamp },
  },
  'publication, 4 KB of records': {
    ...{
      type: 'message',
      channel,
      data: payloadMaker({ bytes: 4096, kind: 'json' })(0n),
      ...position,
      timestamp,
    },
  },
  'message of a client': {
    type: 'message',
    channel: 'chat:lobby',
    data: { text: 'Yes, with Grace.' },
    id: 'm-48212',
  },
  ack: { type: 'ack', channel: 'chat:lobby', position, id: 'm-48212' },
  subscribed: { type: 'subscribed', channel: 'chat:lobby', position, recovered: true, id: 3 },
  'presence, 20 members': {
    type: 'presence',
    channel: 'chat:lobby',
    members: Array.from({ length: 20 }, (_, number) => member(number)),
    full: true,
  },
};
