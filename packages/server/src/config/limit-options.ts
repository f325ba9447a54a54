import { defaultLimits, type Limits } from '@thrum/protocol';
import { integer, type Option, seconds } from './option.ts';

const day = 86_400;

function count(
  key: keyof Limits,
  unit: string,
  help: string,
  min: number,
  max: number,
  name?: string,
): Option<number> {
  return integer(min, max, {
    default: defaultLimits[key],
    unit,
    help,
    ...(name === undefined ? {} : { name }),
  });
}

function time(key: keyof Limits, help: string, min: number, max: number = day): Option<number> {
  return seconds(min, max, { default: defaultLimits[key], unit: 'seconds', help });
}

/** The limits of PROTOCOL.md §13. In a file they are fields of `limits`. */
export const limitOptions: { readonly [Key in keyof Limits]: Option<Limits[Key]> } = {
  messageBytes: count('messageBytes', 'bytes', 'Largest message a client may send.', 256, 67_108_864),
  fragments: count('fragments', 'fragments', 'Most fragments of one message.', 1, 65_536, 'max-fragments'),
  frameSeconds: time('frameSeconds', 'Time from the first byte of a message to its last.', 0.1),
  outboxBytes: count('outboxBytes', 'bytes', 'Most bytes waiting for one connection.', 1024, 1_073_741_824),
  outboxFrames: count('outboxFrames', 'frames', 'Most frames waiting for one connection.', 16, 16_777_216),
  inboxFrames: count(
    'inboxFrames',
    'frames',
    'Most frames of one connection waiting for their turn, and for their append.',
    1,
    1_048_576,
  ),
  inboxBytes: count(
    'inboxBytes',
    'bytes',
    'Most bytes of one connection waiting for their turn, and for their append.',
    1024,
    1_073_741_824,
  ),
  authSeconds: time('authSeconds', 'Time to authenticate.', 0.1, 3600),
  pingSeconds: time('pingSeconds', 'Time between pings.', 0.1),
  deadSeconds: time(
    'deadSeconds',
    'Silence after which a connection is given up; more than pingSeconds.',
    0.2,
  ),
  channels: count(
    'channels',
    'channels',
    'Most channels a connection may join.',
    1,
    1_000_000,
    'max-channels',
  ),
  connections: count(
    'connections',
    'connections',
    'Most connections of this server.',
    1,
    10_000_000,
    'max-connections',
  ),
  historyPage: count(
    'historyPage',
    'publications',
    'Most publications of one page, and of one recovery.',
    1,
    10_000,
  ),
  rate: count('rate', 'frames/second', 'Frames a connection may send; twice that in a burst.', 1, 1_000_000),
  abuseFactor: count('abuseFactor', 'times', 'Times the rate at which a connection is closed.', 1, 1_000_000),
  recentBytes: count(
    'recentBytes',
    'bytes',
    'Publications that a node keeps encoded for subscribers who come back at once.',
    1,
    4_294_967_296,
  ),
  presenceStateBytes: count(
    'presenceStateBytes',
    'bytes',
    'Largest presence state of one connection.',
    1,
    65_536,
  ),
  presenceGraceSeconds: time('presenceGraceSeconds', 'Time before a dropped user has left.', 0.1, 3600),
  dataDepth: count('dataDepth', 'levels', 'Deepest nesting of data.', 1, 256),
  drainSeconds: time('drainSeconds', 'Time for a planned stop.', 0.1, 3600),
  validateSeconds: time('validateSeconds', 'Time between two session validations.', 1),
  positionCheckSeconds: time(
    'positionCheckSeconds',
    'Time between comparisons of a live channel with the top of its log.',
    1,
  ),
  redeliverySeconds: time(
    'redeliverySeconds',
    'Time before an unconfirmed publication is sent again.',
    0.1,
    3600,
  ),
  redeliveries: count('redeliveries', 'times', 'How often it is sent again.', 1, 100),
  ackWindow: count(
    'ackWindow',
    'publications',
    'Most publications sent and not confirmed, in one acknowledged subscription.',
    1,
    65_536,
  ),
  cursorSeconds: time(
    'cursorSeconds',
    'How long the cursor of a named subscriber is kept that nobody uses.',
    60,
    3650 * day,
  ),
  conflateKeys: count(
    'conflateKeys',
    'publications',
    'Most publications of a channel that wait for one rate; with more of them all go at once.',
    1,
    100_000,
  ),
};
