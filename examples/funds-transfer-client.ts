// Asks funds-transfer.ts for one transfer, until it has the answer: node examples/funds-transfer-client.ts bob 30 [id]
import { randomUUID } from 'node:crypto';
import { createClient, type ThrumError } from '@thrum/client';
import type { app } from './funds-transfer.ts';

// Whoever may have to repeat a transfer keeps its id before asking for the first time: with the same id it moves once.
const [to = 'bob', amount = '1', id = randomUUID()] = process.argv.slice(2);

const client = createClient<typeof app>(`${process.env['URL'] ?? 'http://127.0.0.1:3000'}/ws`, {
  getToken: () => 'alice',
});
try {
  // Sent again after each reconnect, whether the server had it or not.
  const done = await client.call('transfer', { to, amount: Number(amount) }, { id, timeout: 60_000 });
  console.log(JSON.stringify(done));
} catch (error) {
  const { code, message } = error as ThrumError;
  console.log(JSON.stringify({ code, message, id }));
  process.exitCode = 1;
} finally {
  client.dispose();
}
