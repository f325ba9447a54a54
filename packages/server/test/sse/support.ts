import { connectEvents, type EventClient } from '@thrum/testkit';
import { expect } from 'vitest';
import { mintToken } from '../../src/index.ts';

export const secret = 'a secret for tests, long enough';

export function token(userId: string): Promise<string> {
  return mintToken({ secret, userId });
}

/** Opens a stream and takes its `connected` and so many `thrum:subscribed`. */
export async function openStream(
  url: string,
  channels: number,
  headers: Readonly<Record<string, string>> = {},
): Promise<EventClient> {
  const client = await connectEvents(url, { headers });
  expect(client.status, client.text).toBe(200);
  await client.next('connected');
  for (let n = 0; n < channels; n += 1) await client.next('thrum:subscribed');
  return client;
}

/** The data of the next events of this name. */
export async function dataOf(client: EventClient, count: number, event = 'message'): Promise<unknown[]> {
  const taken: unknown[] = [];
  while (taken.length < count) taken.push(JSON.parse((await client.next(event)).data));
  return taken;
}

/** What has come under this name so far, taken or not. */
export function seen(client: EventClient, event: string): unknown[] {
  return client.events.seen.filter((each) => each.event === event).map(({ data }) => JSON.parse(data));
}
