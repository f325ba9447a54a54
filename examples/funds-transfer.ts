// Money moves once, however often the request comes: node examples/funds-transfer.ts
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { channel, createSqliteStore, createThrum, idempotent, method, reject } from 'thrum';
import { z } from 'zod';

const folder = process.env['THRUM_DATA_DIR'] ?? './data';
mkdirSync(folder, { recursive: true });

// The application's own database. The unique key is what makes a transfer happen once also when the server dies after
// it was committed and before Thrum could store its result: the handler runs again then, and finds it done.
const bank = new DatabaseSync(join(folder, 'bank.db'));
bank.exec(`
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  CREATE TABLE IF NOT EXISTS accounts (name TEXT PRIMARY KEY, balance INTEGER NOT NULL CHECK (balance >= 0));
  CREATE TABLE IF NOT EXISTS transfers (
    id INTEGER PRIMARY KEY, idempotency_key TEXT NOT NULL UNIQUE, sender TEXT NOT NULL, receiver TEXT NOT NULL,
    amount INTEGER NOT NULL
  );
  INSERT OR IGNORE INTO accounts VALUES ('alice', 100), ('bob', 0);
`);

interface Transfer {
  readonly from: string;
  readonly to: string;
  /** In cents. */
  readonly amount: number;
}

const balanceOf = bank.prepare('SELECT balance FROM accounts WHERE name = ?');
const done = bank.prepare('SELECT id FROM transfers WHERE idempotency_key = ?');
const insert = bank.prepare(
  'INSERT INTO transfers (idempotency_key, sender, receiver, amount) VALUES (?, ?, ?, ?) RETURNING id',
);
const move = bank.prepare('UPDATE accounts SET balance = balance + ? WHERE name = ?');

function transfer({ from, to, amount }: Transfer, key: string): { readonly id: number } {
  bank.exec('BEGIN IMMEDIATE');
  try {
    let row = done.get(key);
    if (row === undefined) {
      if (Number(balanceOf.get(from)?.['balance'] ?? 0) < amount) throw reject('Insufficient funds');
      row = insert.get(key, from, to, amount);
      move.run(-amount, from);
      if (move.run(amount, to).changes === 0) throw reject('No such account');
    }
    bank.exec('COMMIT');
    return { id: Number(row?.['id']) };
  } catch (error) {
    bank.exec('ROLLBACK');
    throw error;
  }
}

const store = createSqliteStore({ file: join(folder, 'store.db') });
const transferParams = z.object({ to: z.string(), amount: z.int().positive() });

export const app = createThrum({
  store,
  channels: { 'account:{name}': channel({ authorize: ({ user, params }) => user.id === params.name }) },
  // For the example a token is its user; yours are verified.
  auth: (token) => ({ userId: token }),
  methods: {
    transfer: method({
      params: transferParams,
      handler: idempotent(async ({ to, amount }, { user }, key) => {
        const { id } = transfer({ from: user.id, to, amount }, key);
        // Told once too: the key names this publication as well.
        const told = { id: `transfer-${id}` };
        await app.publish(`account:${to}`, 'received', { from: user.id, amount }, told);
        return { id, balance: Number(balanceOf.get(user.id)?.['balance']) };
      }),
    }),
  },
});

const { url, close } = await app.listen({ port: Number(process.env['PORT'] ?? 3000) });
console.log(url);

process.once('SIGTERM', () => {
  void close().then(async () => {
    await store.close();
    bank.close();
  });
});
