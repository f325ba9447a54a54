// Publishes 20,000 characters at a time until that is refused, says so, waits for a line on standard input that says that
// the cause is gone, and goes on. Argument: the file. Ends by itself; what it reads back must be what was accepted.
import { once } from 'node:events';
import { createSqliteBroker } from '../../../src/brokers/sqlite/broker.ts';
import { SqliteBrokerError } from '../../../src/brokers/sqlite/errors.ts';

const [file = ''] = process.argv.slice(2);
const log = { debug() {}, info() {}, warn() {}, error() {} };
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const broker = createSqliteBroker({ file, log, onEpochChange: ({ reason }) => say(`epoch ${reason}`) });
const retention = { size: 1_000_000, ttl: 3_600_000 };
const accepted: number[] = [];

async function publish(n: number): Promise<void> {
  const data = [n, 'x'.repeat(20_000)];
  await broker.publish('c', { channel: 'c', event: 'message', data, timestamp: 0 }, { retention });
  accepted.push(n);
}

async function untilRefused(): Promise<SqliteBrokerError> {
  try {
    for (let n = 0; n < 1000; n += 1) await publish(n);
  } catch (error) {
    if (error instanceof SqliteBrokerError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

async function isIntact(): Promise<boolean> {
  const { publications } = await broker.read('c', { limit: 10_000 });
  const read = publications.map(({ data }) => (data as [number])[0]);
  return JSON.stringify(read) === JSON.stringify(accepted);
}

const { reason, outcome, retryable } = await untilRefused();
say(`refused ${reason} ${outcome} ${retryable} after ${accepted.length}`);
say(`intact ${await isIntact()}`);
// What ends it with its test does not keep it alive; this wait has to.
const waiting = setInterval(() => undefined, 60_000);
await once(process.stdin, 'data');
clearInterval(waiting);
await publish(-1);
say(`healed ${await isIntact()} ${broker.stats.restarts}`);
await broker.close();
