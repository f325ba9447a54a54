import { isAlive, isError, range, same, truthy } from '../check.ts';
import { rejection, secretCause } from '../contract.ts';
import type { WireCase } from '../options.ts';

const echoed: readonly unknown[] = [null, 0, '', 'text', false, [], {}, { a: [{ b: null }] }];

export function calls(): readonly WireCase[] {
  return [
    {
      section: 2,
      title: 'a call is answered by what the method returns',
      run: async (wire) => {
        const client = await wire.connect();
        for (const params of echoed) {
          const answer = await client.ask({ type: 'call', method: 'wire.echo', params, id: 3 });
          same(answer, { type: 'result', data: params, id: 3 });
        }
        const sum = await client.ask({ type: 'call', method: 'wire.add', params: { a: 2, b: 3 } });
        same(sum['data'], 5);
      },
    },
    {
      section: 3,
      title: 'a method that returns nothing is answered by data null',
      run: async (wire) => {
        const client = await wire.connect();
        same(await client.ask({ type: 'call', method: 'wire.nothing', id: 'n' }), {
          type: 'result',
          data: null,
          id: 'n',
        });
      },
    },
    {
      section: 2,
      title: 'a method that nobody defined gets unknown_method, whatever it is called',
      run: async (wire) => {
        const client = await wire.connect();
        for (const method of [
          'nothing',
          'wire',
          'wire.',
          'Wire.echo',
          '__proto__',
          'constructor',
          'toString',
          ' ',
        ]) {
          isError(await client.ask({ type: 'call', method, id: 'u' }), 'unknown_method', { id: 'u' });
        }
      },
    },
    {
      section: 2,
      title: 'params that the schema refuses get invalid_data',
      run: async (wire) => {
        const client = await wire.connect();
        for (const params of [undefined, null, {}, { a: 1 }, { a: '1', b: 2 }, [1, 2], 'a']) {
          isError(await client.ask({ type: 'call', method: 'wire.add', params }), 'invalid_data');
        }
      },
    },
    {
      section: 2,
      title: 'params nested deeper than 32 or with a number that is not finite get invalid_data',
      run: async (wire) => {
        const client = await wire.connect();
        for (const params of ['['.repeat(33) + ']'.repeat(33), '{"a":1e999}']) {
          client.send(`{"type":"call","method":"wire.echo","params":${params},"id":"deep"}`);
          isError(await client.take(), 'invalid_data', { id: 'deep' });
        }
        await isAlive(client);
      },
    },
    {
      section: 2,
      title: 'the application’s own refusal is rejected, with its sentence',
      run: async (wire) => {
        const answer = await (await wire.connect()).ask({ type: 'call', method: 'wire.reject', id: 'r' });
        isError(answer, 'rejected', { id: 'r' });
        same(answer['message'], rejection);
      },
    },
    {
      section: 11,
      title: 'anything else that goes wrong is internal, and its cause stays inside',
      run: async (wire) => {
        const client = await wire.connect();
        isError(await client.ask({ type: 'call', method: 'wire.fail', id: 'f' }), 'internal', { id: 'f' });
        await isAlive(client);
        truthy(!client.texts.join().includes(secretCause), 'the cause is nowhere on the wire');
      },
    },
    {
      section: 2,
      title: 'many calls at once are each answered with their own id',
      run: async (wire) => {
        const client = await wire.connect();
        const answers = await Promise.all(
          range(1, 50).map((n) => client.ask({ type: 'call', method: 'wire.echo', params: n })),
        );
        same(
          answers.map((answer) => answer['data']),
          range(1, 50),
        );
      },
    },
    {
      section: 12,
      title:
        'a user who is disconnected by the application is closed with 4500, on all connections, and others are not',
      run: async (wire) => {
        const alice = await wire.connect('alice');
        const tabs = [await wire.connect('mallory'), await wire.connect('mallory')];
        await alice.ask({ type: 'call', method: 'wire.disconnect', params: { userId: 'mallory' } });
        for (const tab of tabs) same(await tab.closed(), { code: 4500, reason: 'Disconnected' });
        await isAlive(alice);
      },
    },
  ];
}
