import { message, type Fields } from './fields.ts';
import { bool, double, json, type Kind, last, latest, text, uint } from './kinds.ts';

// The messages of thrum.proto, field by field in the order of their numbers; a test compares the two.

const channel = ['channel', text] as const;
const position: Kind = message([
  ['epoch', text],
  ['offset', uint],
]);
const heartbeat: Kind = message([
  ['interval', double],
  ['timeout', double],
]);
const limits: Kind = message([
  ['message', uint],
  ['channels', uint],
  ['rate', double],
  ['history', uint],
]);
const meta: Kind = message([
  ['connectionId', text],
  ['joinedAt', uint],
  ['state', json],
]);
const member: Kind = message([
  ['userId', text],
  ['metas', meta, 'repeated'],
]);
const memberNews: Fields = [channel, ['member', member]];

/** A frame: its type, where that is always the same; its fields; and one without which it is another frame. */
export type FrameMessage = readonly [type: string | undefined, fields: Fields, needs?: string];

/** What carries every frame that no message fits. */
export const jsonFrame: FrameMessage = [
  undefined,
  [
    ['type', text],
    ['fields', json],
  ],
];

/** A publication, whose type is the message's `event`. */
export const publication: FrameMessage = [
  undefined,
  [
    channel,
    ['type', text],
    ['data', json],
    ['offset', uint],
    ['epoch', text],
    ['from', text],
    ['timestamp', uint],
    ['conflated', uint],
  ],
  'timestamp',
];

/** The number of the first of {@link frames}; those before it are the spellings of `id`. */
export const firstFrame = 3;

/** `oneof frame`, in the order of the numbers. */
export const frames: readonly FrameMessage[] = [
  ['message', [channel, ['data', json], ['event', text], ['follows', text], ['follows', uint]]],
  ['ack', [channel, ['offset', uint], ['epoch', text]]],
  ['ping', []],
  [
    'subscribe',
    [
      channel,
      ['since', position],
      ['since', last],
      ['since', latest],
      ['ack', bool],
      ['name', text],
      ['presence', bool],
      ['maxRate', double],
    ],
  ],
  ['unsubscribe', [channel]],
  ['history', [channel, ['since', position], ['limit', uint], ['reverse', bool]]],
  ['presence', [channel, ['state', json]]],
  [
    'call',
    [
      ['method', text],
      ['params', json],
    ],
  ],
  ['auth', [['token', text]]],
  jsonFrame,
  publication,
  ['ack', [channel, ['position', position], ['duplicate', bool]], 'channel'],
  ['pong', []],
  ['subscribed', [channel, ['position', position], ['recovered', bool], ['maxRate', double]]],
  ['unsubscribed', [channel, ['code', text]]],
  ['result', [['data', json]]],
  ['error', [['code', text], ['message', text], ['retry', bool], ['after', double], channel]],
  [
    'welcome',
    [
      ['message', text],
      ['connectionId', text],
      ['protocol', uint],
      ['authentication', text],
      ['userId', text],
      ['heartbeat', heartbeat],
      ['limits', limits],
      ['node', text],
    ],
  ],
  [
    'auth_success',
    [
      ['userId', text],
      ['expiresAt', double],
    ],
  ],
  ['joined', memberNews],
  ['left', memberNews],
  ['presence', [channel, ['members', member, 'repeated'], ['full', bool]]],
  [
    'reconnect',
    [
      ['after', double],
      ['reason', text],
    ],
  ],
  ['behind', [channel, ['dropped', uint], ['superseded', bool]]],
];
