import type { HistoryResult, Publication } from '@thrum/protocol';
import { describe, expect, test } from 'vitest';
import { MessageStore } from '../src/lib/messages.ts';

const now = 1_795_300_000_000;

interface Spec {
  readonly at?: readonly [epoch: string, offset: number];
  readonly text: string;
  readonly from?: string;
  readonly id?: string;
  readonly event?: string;
}

function publication({ at, text, from = 'grace', id, event = 'message' }: Spec): Publication {
  return {
    channel: 'chat:lobby',
    event,
    data: { text },
    from,
    timestamp: now,
    ...(at !== undefined && { epoch: at[0], offset: at[1] }),
    ...(id !== undefined && { id }),
  };
}

/** A reversed page, newest first, as the room asks for it. */
function page(top: readonly [string, number], specs: readonly Spec[], more = false): HistoryResult {
  return {
    publications: specs.map(publication).toReversed(),
    position: { epoch: top[0], offset: top[1] },
    more,
    recovered: true,
  };
}

/** The timeline in one line: texts, `?` behind pending ones, `!` behind failed ones, `--reason--` for dividers. */
function shown(store: MessageStore): string {
  const marks = { sent: '', pending: '?', failed: '!' };
  return store.timeline
    .get()
    .map((item) =>
      item.kind === 'divider' ? `--${item.reason}--` : item.message.text + marks[item.message.state],
    )
    .join(' ');
}

function store(self = 'ada'): MessageStore {
  return new MessageStore(() => self);
}

const draft = (text: string): { text: string; name: string; at: number } => ({ text, name: 'Ada', at: now });

describe('history and live', () => {
  test('a publication that comes live and in the history is shown once, in the order of the log', () => {
    const messages = store();
    messages.beginSync({ epoch: 'e', offset: 2 });
    messages.received(publication({ at: ['e', 3], text: 'c' }));
    messages.loaded(
      page(
        ['e', 3],
        [
          { at: ['e', 1], text: 'a' },
          { at: ['e', 2], text: 'b' },
          { at: ['e', 3], text: 'c' },
        ],
      ),
    );
    messages.received(publication({ at: ['e', 3], text: 'c' }));
    messages.received(publication({ at: ['e', 4], text: 'd' }));
    expect(shown(messages)).toBe('a b c d');
  });

  test('other events of the channel are not messages', () => {
    const messages = store();
    messages.received(publication({ text: 'typing', event: 'typing' }));
    messages.received(publication({ at: ['e', 1], text: 'joined', event: 'announce' }));
    expect(shown(messages)).toBe('');
  });

  test('what is no {text} is shown as what it is', () => {
    const messages = store();
    messages.received({ ...publication({ at: ['e', 1], text: '' }), data: 'plain' });
    messages.received({ ...publication({ at: ['e', 2], text: '' }), data: { n: 1 } });
    messages.received({ ...publication({ at: ['e', 3], text: '' }), data: null });
    expect(shown(messages)).toBe('plain {"n":1} null');
  });

  test('an earlier page goes on top', () => {
    const messages = store();
    messages.loaded(page(['e', 3], [{ at: ['e', 3], text: 'c' }], true));
    expect(messages.oldest()).toEqual({ epoch: 'e', offset: 3 });
    messages.loadedEarlier(
      page(
        ['e', 3],
        [
          { at: ['e', 1], text: 'a' },
          { at: ['e', 2], text: 'b' },
        ],
      ),
    );
    expect(shown(messages)).toBe('a b c');
    expect(messages.oldest()).toEqual({ epoch: 'e', offset: 1 });
  });

  test('transient messages stand where they came and are told apart by sender and id', () => {
    const messages = store();
    messages.received(publication({ at: ['e', 1], text: 'a' }));
    messages.received(publication({ text: 'live', id: 'm' }));
    messages.received(publication({ text: 'live', id: 'm' }));
    messages.received(publication({ text: 'another', id: 'm', from: 'finn' }));
    messages.received(publication({ at: ['e', 2], text: 'b' }));
    expect(shown(messages)).toBe('a live another b');
  });

  test('the snapshot stays the same until something changes', () => {
    const messages = store();
    messages.received(publication({ at: ['e', 1], text: 'a' }));
    const before = messages.timeline.get();
    expect(messages.timeline.get()).toBe(before);
    messages.received(publication({ at: ['e', 2], text: 'b' }));
    expect(messages.timeline.get()).not.toBe(before);
    expect(messages.timeline.get()[0]).toEqual(before[0]);
  });

  test('a page that stays open for days keeps the newest 2,000', () => {
    const messages = store();
    for (let offset = 1; offset <= 2010; offset++)
      messages.received(publication({ at: ['e', offset], text: `${offset}` }));
    const items = messages.timeline.get();
    expect(items).toHaveLength(2000);
    expect(items[0]).toMatchObject({ message: { text: '11' } });
  });
});

describe('own messages', () => {
  test('one is pending at the end until its ack gives it its place', () => {
    const messages = store();
    messages.sending('m1', draft('mine'));
    messages.received(publication({ at: ['e', 1], text: 'theirs' }));
    expect(shown(messages)).toBe('theirs mine?');
    messages.acked('m1', { epoch: 'e', offset: 2 });
    messages.received(publication({ at: ['e', 3], text: 'later' }));
    expect(shown(messages)).toBe('theirs mine later');
  });

  test.each(['ack first', 'echo first'])('its own echo is not a second message: %s', (order) => {
    const messages = store();
    messages.sending('m1', draft('mine'));
    const ack = (): void => messages.acked('m1', { epoch: 'e', offset: 1 });
    const echo = (): void =>
      messages.received(publication({ at: ['e', 1], text: 'mine', from: 'ada', id: 'm1' }));
    for (const step of order === 'ack first' ? [ack, echo] : [echo, ack]) step();
    expect(shown(messages)).toBe('mine');
  });

  test('it keeps its key from pending to sent, so that nothing is mounted anew', () => {
    const messages = store();
    messages.sending('m1', draft('mine'));
    const key = messages.timeline.get()[0]?.key;
    messages.acked('m1', { epoch: 'e', offset: 1 });
    expect(messages.timeline.get()[0]?.key).toBe(key);
  });

  test('one that failed says why, and can be sent again or discarded', () => {
    const messages = store();
    messages.sending('m1', draft('mine'));
    messages.failed('m1', 'Because.');
    expect(messages.timeline.get()[0]).toMatchObject({ message: { state: 'failed', problem: 'Because.' } });
    messages.sending('m1', draft('mine'));
    expect(shown(messages)).toBe('mine?');
    messages.failed('m1', 'Because.');
    messages.discard('m1');
    expect(shown(messages)).toBe('');
  });

  test('one whose ack was lost but whose echo came is not a failure', () => {
    const messages = store();
    messages.sending('m1', draft('mine'));
    messages.received(publication({ at: ['e', 1], text: 'mine', from: 'ada', id: 'm1' }));
    messages.failed('m1', 'timeout');
    expect(shown(messages)).toBe('mine');
  });

  test('one that was given up turns out sent when its echo comes after all', () => {
    const messages = store();
    messages.sending('m1', draft('mine'));
    messages.failed('m1', 'expired');
    messages.loaded(page(['e', 1], [{ at: ['e', 1], text: 'mine', from: 'ada', id: 'm1' }]));
    expect(shown(messages)).toBe('mine');
    expect(messages.timeline.get()[0]).not.toHaveProperty('message.problem');
  });

  test('another user cannot swallow it by using its id', () => {
    const messages = store();
    messages.sending('m1', draft('mine'));
    messages.received(publication({ at: ['e', 1], text: 'forged', from: 'eve', id: 'm1' }));
    expect(shown(messages)).toBe('forged mine?');
  });

  test('an echo that names another sender is the one that stays', () => {
    const messages = store();
    messages.sending('m1', draft('mine'));
    messages.received(publication({ at: ['e', 1], text: 'mine', from: 'renamed', id: 'm1' }));
    messages.acked('m1', { epoch: 'e', offset: 1 });
    expect(shown(messages)).toBe('mine');
  });
});

describe('a lost log', () => {
  test('what is on screen stays above a divider, and what the server has comes below, each once', () => {
    const messages = store();
    messages.loaded(
      page(
        ['old', 2],
        [
          { at: ['old', 1], text: 'a' },
          { at: ['old', 2], text: 'b' },
        ],
      ),
    );
    messages.beginSync({ epoch: 'new', offset: 1 });
    messages.received(publication({ at: ['new', 2], text: 'd' }));
    messages.loaded(
      page(
        ['new', 2],
        [
          { at: ['new', 1], text: 'c' },
          { at: ['new', 2], text: 'd' },
        ],
      ),
    );
    expect(shown(messages)).toBe('a b --reset-- c d');
    expect(messages.oldest()).toBeUndefined();
  });

  test('the divider is there before anything else comes, and once however often the log is lost', () => {
    const messages = store();
    messages.received(publication({ at: ['e1', 1], text: 'a' }));
    messages.beginSync({ epoch: 'e2', offset: 0 });
    messages.beginSync({ epoch: 'e3', offset: 0 });
    expect(shown(messages)).toBe('a --reset--');
    messages.received(publication({ at: ['e3', 1], text: 'b' }));
    expect(shown(messages)).toBe('a --reset-- b');
  });

  test('there is no divider where nothing stood before', () => {
    const messages = store();
    messages.beginSync({ epoch: 'e1', offset: 0 });
    messages.beginSync({ epoch: 'e2', offset: 0 });
    messages.received(publication({ at: ['e2', 1], text: 'a' }));
    expect(shown(messages)).toBe('a');
  });

  test('an unsent message waits below the divider', () => {
    const messages = store();
    messages.received(publication({ at: ['old', 1], text: 'a' }));
    messages.sending('m1', draft('mine'));
    messages.beginSync({ epoch: 'new', offset: 0 });
    expect(shown(messages)).toBe('a --reset-- mine?');
    messages.acked('m1', { epoch: 'new', offset: 1 });
    expect(shown(messages)).toBe('a --reset-- mine');
  });

  test('a message that reached the old log and, sent again, the new one is shown once', () => {
    const messages = store();
    messages.received(publication({ at: ['old', 1], text: 'a', id: 'm1' }));
    messages.sending('m2', draft('mine'));
    messages.received(publication({ at: ['old', 2], text: 'mine', from: 'ada', id: 'm2' }));
    messages.beginSync({ epoch: 'new', offset: 2 });
    messages.acked('m2', { epoch: 'new', offset: 2 });
    messages.loaded(
      page(
        ['new', 2],
        [
          { at: ['new', 1], text: 'a', id: 'm1' },
          { at: ['new', 2], text: 'mine', from: 'ada', id: 'm2' },
        ],
      ),
    );
    expect(shown(messages)).toBe('a mine --reset--');
  });

  test('one id at two places of one log is two messages: the server had forgotten the key', () => {
    const messages = store();
    messages.received(publication({ at: ['e', 1], text: 'a', id: 'm' }));
    messages.received(publication({ at: ['e', 2], text: 'a', id: 'm' }));
    expect(shown(messages)).toBe('a a');
  });
});

describe('a gap', () => {
  const known = (): MessageStore => {
    const messages = store();
    messages.loaded(
      page(
        ['e', 2],
        [
          { at: ['e', 1], text: 'a' },
          { at: ['e', 2], text: 'b' },
        ],
      ),
    );
    return messages;
  };

  test('is marked where the newest page does not reach back to what is on screen', () => {
    const messages = known();
    messages.beginSync({ epoch: 'e', offset: 80 });
    messages.received(publication({ at: ['e', 81], text: 'live' }));
    messages.loaded(
      page(
        ['e', 81],
        [
          { at: ['e', 80], text: 'z' },
          { at: ['e', 81], text: 'live' },
        ],
        true,
      ),
    );
    expect(shown(messages)).toBe('a b --gap-- z live');
  });

  test('is not marked where the page does', () => {
    const messages = known();
    messages.beginSync({ epoch: 'e', offset: 3 });
    messages.loaded(
      page(
        ['e', 3],
        [
          { at: ['e', 2], text: 'b' },
          { at: ['e', 3], text: 'c' },
        ],
      ),
    );
    expect(shown(messages)).toBe('a b c');
  });

  test('counts events that are no messages as seen', () => {
    const messages = known();
    messages.received(publication({ at: ['e', 3], text: '', event: 'announce' }));
    messages.beginSync({ epoch: 'e', offset: 4 });
    messages.loaded(page(['e', 4], [{ at: ['e', 4], text: 'd' }]));
    expect(shown(messages)).toBe('a b d');
  });
});
