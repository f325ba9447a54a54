import { createNodeEnv } from '../../src/node/env.ts';
import { AddressRules, loopback, type Resolve } from '../../src/webhooks/addresses.ts';
import { Poster } from '../../src/webhooks/post.ts';

export interface PosterChoice {
  readonly allowPrivate?: readonly string[];
  readonly resolve?: Resolve;
  readonly replyBytes?: number;
}

/** A poster that ends with the scope. */
export function posterFor({
  allowPrivate = loopback,
  resolve,
  replyBytes = 65_536,
}: PosterChoice): Poster & Disposable {
  const addresses = new AddressRules(allowPrivate, resolve);
  const poster = new Poster({ env: createNodeEnv(), addresses, idleSockets: 4, replyBytes });
  return Object.assign(poster, { [Symbol.dispose]: () => poster.close() });
}

/** Posts `{}` with a header of its own. */
export function post(poster: Poster, url: string, ms: number = 5000): Promise<Buffer> {
  return poster.post({ url: new URL(url), headers: { 'webhook-id': 'msg_1' }, body: Buffer.from('{}'), ms });
}
