/** Event names that are the protocol's own (PROTOCOL.md §5). */
export const reservedEvents: readonly string[] = [
  'ack',
  'auth',
  'auth_success',
  'behind',
  'call',
  'error',
  'history',
  'joined',
  'left',
  'ping',
  'pong',
  'presence',
  'reconnect',
  'result',
  'subscribe',
  'subscribed',
  'unsubscribe',
  'unsubscribed',
  'welcome',
];

const reserved: ReadonlySet<string> = new Set(reservedEvents);

/** Names that begin so are kept for the protocol's own future. */
export const reservedPrefix = 'thrum:';

const channelBytes = 255;
const eventBytes = 64;

/** Why a channel name is refused, or `undefined` when it is fine (PROTOCOL.md §5). */
export function channelNameError(name: string): string | undefined {
  return nameError(name, channelBytes);
}

/** Why an event name is refused, or `undefined` when it may be published (PROTOCOL.md §5). */
export function eventNameError(name: string): string | undefined {
  if (reserved.has(name)) return 'is one of the protocol’s own names';
  return nameError(name, eventBytes);
}

function nameError(name: string, maxBytes: number): string | undefined {
  if (name.length === 0) return 'is empty';
  // A name never has more bytes than three times its UTF-16 units, nor fewer than the units themselves.
  if (name.length > maxBytes || utf8Length(name) > maxBytes) return `is longer than ${maxBytes} bytes`;
  if (name.startsWith(reservedPrefix)) return `begins with the reserved prefix ${reservedPrefix}`;
  if (!isWellFormed(name)) return 'has a lone surrogate';
  for (let i = 0; i < name.length; i += 1) {
    const unit = name.charCodeAt(i);
    if (unit < 0x20 || (unit >= 0x7f && unit <= 0x9f)) return 'has a control character';
  }
  return undefined;
}

/** Bytes of `text` in UTF-8, without encoding it; a lone surrogate counts as the U+FFFD it would become. */
export function utf8Length(text: string): number {
  let bytes = 0;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) bytes += 1;
    else if (unit < 0x800) bytes += 2;
    else if (isPairAt(text, i)) {
      bytes += 4;
      i += 1;
    } else bytes += 3;
  }
  return bytes;
}

// In Unicode mode a pair is one code point, so that only a lone half is a surrogate.
const loneSurrogate = /\p{Surrogate}/u;

/** Whether `text` has no lone surrogate, and so survives UTF-8. */
export function isWellFormed(text: string): boolean {
  return !loneSurrogate.test(text);
}

function isPairAt(text: string, index: number): boolean {
  return (text.codePointAt(index) ?? 0) > 0xffff;
}
