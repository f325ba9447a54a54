import { closesWith, isAlive, isError, same } from '../check.ts';
import { publish, subscribe } from '../context.ts';
import type { WireCase } from '../options.ts';

export function anonymous(): readonly WireCase[] {
  return [
    {
      section: 9,
      title: 'without a token welcome says that one is optional, and everything open to all works',
      run: async (wire) => {
        const client = await wire.dial();
        same((await client.take())['authentication'], 'optional');
        const channel = wire.channel();
        await subscribe(client, channel);
        await publish(client, channel, 1);
        same((await client.next('message'))['data'], 1);
      },
    },
    {
      section: 9,
      title: 'an anonymous connection is nobody in particular: alice’s channel stays shut',
      run: async (wire) => {
        const client = await wire.dial();
        isError(await client.ask({ type: 'subscribe', channel: wire.channel('private') }), 'access_denied');
        await isAlive(client);
      },
    },
    {
      section: 9,
      title: 'two anonymous connections are not one user',
      run: async (wire) => {
        const [one, other] = [await wire.dial(), await wire.dial()];
        const channel = wire.channel();
        await publish(one, channel, 1, { id: 'm-1' });
        same('duplicate' in (await publish(other, channel, 1, { id: 'm-1' })), false);
      },
    },
    {
      section: 9,
      title: 'it may authenticate as long as it has joined no channel',
      needs: ({ tokens }) => tokens !== undefined,
      run: async (wire) => {
        const client = await wire.dial();
        await client.next('welcome');
        const answer = await client.ask({ type: 'auth', token: await wire.tokens.valid('alice') });
        same([answer.type, answer['userId']], ['auth_success', 'alice']);
        const channel = wire.channel('private');
        await subscribe(client, channel);
        await publish(client, channel, 1);
        same((await client.next('message'))['from'], 'alice');
      },
    },
    {
      section: 9,
      title: 'it may not once it has joined one',
      needs: ({ tokens }) => tokens !== undefined,
      run: async (wire) => {
        const client = await wire.dial();
        await client.next('welcome');
        await subscribe(client, wire.channel());
        isError(await client.ask({ type: 'auth', token: await wire.tokens.valid('alice') }), 'user_mismatch');
        await isAlive(client);
      },
    },
    {
      section: 9,
      title: 'a bad token is refused here too',
      run: async (wire) => {
        await closesWith(await wire.dial({ query: '?token=nonsense' }), 'invalid_token');
        const client = await wire.dial();
        await client.next('welcome');
        client.send({ type: 'auth', token: 'nonsense' });
        await closesWith(client, 'invalid_token');
      },
    },
  ];
}
