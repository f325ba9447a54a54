import type { Frame, RawClient } from '@thrum/testkit';
import { isPublication } from '@thrum/testkit';
import { isError, position, range, same, truthy } from '../check.ts';
import type { ChannelKind } from '../contract.ts';
import { publish, subscribe, type WireContext } from '../context.ts';
import type { WireCase } from '../options.ts';

/** Far more than the buffers of two kernels and an outbox hold, and fewer than one recovery. */
const count = 280;
const pad = 'x'.repeat(60_000);
const keys = 3;
const batch = 8;

interface Slow {
  readonly alice: RawClient;
  readonly bob: RawClient;
  readonly channel: string;
  readonly start: { readonly epoch: string; readonly offset: number };
}

/** Bob has joined, does not read, and has missed a lot. */
async function fallBehind(wire: WireContext, kind: ChannelKind): Promise<Slow> {
  const [alice, bob] = [await wire.connect('alice'), await wire.connect('bob')];
  const channel = wire.channel(kind);
  const start = position(await subscribe(bob, channel));
  bob.pause();
  // Several at once: who is cut off for being slow has but seconds to read why, and a busy machine takes that for as many
  // publications one by one.
  for (let n = 1; n <= count; n += batch) {
    const together = range(n, Math.min(count, n + batch - 1));
    await Promise.all(together.map((each) => publish(alice, channel, { n: each, k: each % keys, pad })));
  }
  return { alice, bob, channel, start };
}

interface Stream {
  readonly offsets: readonly number[];
  readonly behinds: readonly Frame[];
}

/** Reads a channel until this offset, and objects to a hole that no `behind` has announced. */
async function read(client: RawClient, channel: string, from: number, to: number): Promise<Stream> {
  const offsets: number[] = [];
  const behinds: Frame[] = [];
  let at = from;
  let missing = 0;
  let announced = 0;
  while (at < to) {
    const frame = await client.next(
      (each) => each['channel'] === channel && (isPublication(each) || each.type === 'behind'),
    );
    if (frame.type === 'behind') {
      truthy(Number.isSafeInteger(frame['dropped']) && Number(frame['dropped']) > 0, 'behind counts');
      announced += Number(frame['dropped']);
      behinds.push(frame);
      continue;
    }
    const offset = Number(frame['offset']);
    truthy(offset > at, `${offset} comes after ${at}`);
    missing += offset - at - 1;
    truthy(missing <= announced, `a hole before ${offset} that nobody announced`);
    at = offset;
    offsets.push(offset);
  }
  same(missing, announced, 'what is missing is what was announced');
  return { offsets, behinds };
}

export function slow(): readonly WireCase[] {
  return [
    {
      section: 15,
      title:
        'a slow reader of a drop-oldest channel is told of the hole, gets the newest, and recovers the rest',
      run: async (wire) => {
        const { bob, channel, start } = await fallBehind(wire, 'dropping');
        bob.resume();
        const { offsets, behinds } = await read(bob, channel, 0, count);
        truthy(behinds.length > 0, 'something was left out');
        same(behinds[0]?.['superseded'], undefined);
        const hole = offsets.findIndex((offset, index) => offset !== index + 1);
        const answer = await subscribe(bob, channel, { since: { ...start, offset: hole } });
        same(answer['recovered'], true);
        let at = hole;
        // What does not fit at once comes in parts, each of which gets further.
        while (at < count) {
          const frame = await bob.next((each) => each['channel'] === channel);
          if (frame.type === 'behind') await subscribe(bob, channel, { since: { ...start, offset: at } });
          else if (frame['offset'] === at + 1) at += 1;
        }
      },
    },
    {
      section: 15,
      title: 'meanwhile it gets every answer, and others notice nothing',
      run: async (wire) => {
        const { alice, bob, channel } = await fallBehind(wire, 'dropping');
        const ids = range(1, 20).map((n) => `late-${n}`);
        for (const id of ids) bob.send({ type: 'call', method: 'wire.echo', params: id, id });
        same((await alice.ask({ type: 'ping' })).type, 'pong');
        bob.resume();
        await read(bob, channel, 0, count);
        for (const id of ids) same((await bob.next((frame) => frame['id'] === id))['data'], id);
      },
    },
    {
      section: 15,
      title: 'a slow reader of a latest-per-key channel gets the newest of each key, in order',
      run: async (wire) => {
        const { bob, channel } = await fallBehind(wire, 'latest');
        bob.resume();
        const { offsets, behinds } = await read(bob, channel, 0, count);
        same(offsets.slice(-keys), range(count - keys + 1, count));
        truthy(behinds.length > 0, 'something was left out');
        for (const behind of behinds) same(behind['superseded'], true);
      },
    },
    {
      section: 15,
      title: 'a slow reader of any other channel is closed with 4008 Slow consumer, and resumes',
      run: async (wire) => {
        const { bob, channel, start } = await fallBehind(wire, 'open');
        bob.resume();
        isError(await bob.next('error'), 'slow_consumer');
        same(await bob.closed(), { code: 4008, reason: 'Slow consumer' });
        const got = bob.frames.waiting(isPublication).map((frame) => Number(frame['offset']));
        same(got, range(1, got.length));
        truthy(got.length < count, 'it did not get everything');
        const again = await wire.connect('bob');
        const since = { ...start, offset: Math.max(got.length, count - 10) };
        same((await subscribe(again, channel, { since }))['recovered'], true);
        await read(again, channel, since.offset, count);
      },
    },
    {
      section: 13,
      title: 'frames that wait are bounded in bytes, and those refused are told when to try again',
      run: async (wire) => {
        const client = await wire.connect();
        const channel = wire.channel();
        const busy = client.ask({ type: 'call', method: 'wire.wait', params: { ms: 500 } });
        const fits = Math.floor(wire.limits.inboxBytes / pad.length);
        const answers = await Promise.all(
          range(1, fits + 5).map((n) => client.ask({ type: 'message', channel, data: pad, id: `m-${n}` })),
        );
        await busy;
        const refused = answers.filter(({ type }) => type === 'error');
        for (const frame of refused) isError(frame, 'rate_limited', { after: frame['after'] });
        truthy(refused.length >= 5, `${refused.length} were refused`);
        truthy(refused.length <= 10, 'what fits was taken');
        truthy(
          refused.every(({ after }) => Number(after) > 0),
          'each says when',
        );
        await publish(client, channel, pad);
      },
    },
  ];
}
