import type { PersistStore, StoredPublish } from '@thrum/client/persist';

/**
 * The laws of `PersistStore`, each as a case that throws where one is broken. They need no test runner, so that they run
 * in a browser too.
 *
 * @param open a new page on the same storage, empty at the start of each case; a page ends with `close`
 */
export const persistCases: Readonly<Record<string, (open: () => PersistStore) => Promise<void>>> = {
  'gives what a page left to the next one, oldest first, and once': async (open) => {
    const first = open();
    for (const id of ['a', 'b', 'c']) await first.save('ada', publish(id));
    first.close();
    const second = open();
    same(ids(await second.takePublishes('ada')), ['a', 'b', 'c']);
    same(ids(await second.takePublishes('ada')), []);
    second.close();
    const third = open();
    same(ids(await third.takePublishes('ada')), ['a', 'b', 'c']);
  },

  'keeps the order of what was taken over and what came after it': async (open) => {
    const first = open();
    await first.save('ada', publish('a'));
    first.close();
    const second = open();
    await second.takePublishes('ada');
    await second.save('ada', publish('b'));
    second.close();
    same(ids(await open().takePublishes('ada')), ['a', 'b']);
  },

  'keeps frames and times as they are': async (open) => {
    const text = { id: 'a', frame: '{"type":"message","data":"\u0000é😀"}', until: 1_795_300_000_123 };
    const odd = { id: 'b', frame: '{"data":"\\ud800\ufeff"}', until: 1_795_300_000_124 };
    const first = open();
    await first.save('ada', text);
    await first.save('ada', odd);
    first.close();
    const [one, two] = await open().takePublishes('ada');
    same(one, text);
    same(two, odd);
  },

  'never gives a page what it saved itself, before or after it asked': async (open) => {
    const page = open();
    await page.save('ada', publish('a'));
    same(ids(await page.takePublishes('ada')), []);
    await page.save('ada', publish('b'));
    same(ids(await page.takePublishes('ada')), []);
  },

  'gives what another page left later, when asked again': async (open) => {
    const page = open();
    same(ids(await page.takePublishes('ada')), []);
    const other = open();
    await other.save('ada', publish('a'));
    other.close();
    same(ids(await page.takePublishes('ada')), ['a']);
  },

  'forgets what was removed, whoever saved it': async (open) => {
    const first = open();
    for (const id of ['a', 'b', 'c']) await first.save('ada', publish(id));
    await first.remove('ada', 'a');
    await first.remove('ada', 'never saved');
    first.close();
    const second = open();
    same(ids(await second.takePublishes('ada')), ['b', 'c']);
    await second.remove('ada', 'b');
    second.close();
    same(ids(await open().takePublishes('ada')), ['c']);
  },

  'counts the later of two with one id, in its place': async (open) => {
    const first = open();
    await first.save('ada', publish('a', 'old'));
    await first.save('ada', publish('b'));
    await first.save('ada', publish('a', 'new'));
    first.close();
    const second = open();
    const taken = await second.takePublishes('ada');
    same(
      taken.map(({ id, frame }) => [id, frame]),
      [
        ['b', 'b'],
        ['a', 'new'],
      ],
    );
    await second.remove('ada', 'a');
    second.close();
    same(ids(await open().takePublishes('ada')), ['b']);
  },

  'keeps users apart': async (open) => {
    const first = open();
    await first.save('ada', publish('a'));
    await first.save('bob', publish('a', 'of bob'));
    await first.savePositions('ada', { chat: at(1) });
    first.close();
    const second = open();
    same(
      (await second.takePublishes('bob')).map(({ frame }) => frame),
      ['of bob'],
    );
    same(await second.takePositions('bob'), {});
    await second.remove('bob', 'a');
    second.close();
    const third = open();
    same(ids(await third.takePublishes('ada')), ['a']);
    same(await third.takePositions('ada'), { chat: at(1) });
  },

  'gives what is past its time to its own user, who has to be told': async (open) => {
    const first = open();
    await first.save('ada', { ...publish('a'), until: 1 });
    first.close();
    same(ids(await open().takePublishes('ada')), ['a']);
  },

  'gives positions as they were saved last, whole, and to one page': async (open) => {
    const first = open();
    same(await first.takePositions('ada'), {});
    await first.savePositions('ada', { chat: at(1), jobs: at(7) });
    await first.savePositions('ada', { chat: at(2) });
    first.close();
    const second = open();
    same(await second.takePositions('ada'), { chat: at(2) });
    same(await open().takePositions('ada'), {});
    second.close();
    same(await open().takePositions('ada'), { chat: at(2) });
  },

  'gives the positions of the page that ended last': async (open) => {
    const first = open();
    const second = open();
    await second.savePositions('ada', { chat: at(2) });
    second.close();
    await later();
    await first.savePositions('ada', { chat: at(1) });
    first.close();
    same(await open().takePositions('ada'), { chat: at(1) });
  },

  'carries out in order what was asked for without waiting': async (open) => {
    const first = open();
    const all = [
      first.save('ada', publish('a')),
      first.save('ada', publish('b')),
      first.remove('ada', 'a'),
      first.savePositions('ada', { chat: at(1) }),
      first.savePositions('ada', { chat: at(2) }),
    ];
    await Promise.all(all);
    first.close();
    const second = open();
    same(ids(await second.takePublishes('ada')), ['b']);
    same(await second.takePositions('ada'), { chat: at(2) });
  },
};

/** What holds where a host can tell which pages live. */
export const livingPageCases: typeof persistCases = {
  'takes nothing from a page that lives': async (open) => {
    const first = open();
    await first.save('ada', publish('a'));
    await first.savePositions('ada', { chat: at(1) });
    const second = open();
    same(ids(await second.takePublishes('ada')), []);
    same(await second.takePositions('ada'), {});
    first.close();
    same(ids(await second.takePublishes('ada')), ['a']);
  },
};

function publish(id: string, frame = id): StoredPublish {
  return { id, frame, until: Date.now() + 60_000 };
}

function ids(publishes: readonly StoredPublish[]): readonly string[] {
  return publishes.map(({ id }) => id);
}

function at(offset: number): { readonly epoch: string; readonly offset: number } {
  return { epoch: 'e1', offset };
}

/** Until the wall clock shows another millisecond. */
async function later(): Promise<void> {
  const now = Date.now();
  while (Date.now() === now) await Promise.resolve();
}

function same(got: unknown, expected: unknown): void {
  const [is, should] = [JSON.stringify(got), JSON.stringify(expected)];
  if (is !== should) throw new Error(`expected ${should}, got ${is}`);
}
