// Publishes numbers to the channel `c` and prints a line for each that was acknowledged; never ends by itself.
// Arguments: the file, the first number, how many (0: without end), how many at once.
import { setTimeout as sleep } from 'node:timers/promises';
import { createSqliteBroker } from '../../../src/brokers/sqlite/broker.ts';

const [file = '', first = '1', count = '0', atOnce = '1'] = process.argv.slice(2);
const log = { debug() {}, info() {}, warn() {}, error() {} };
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const broker = createSqliteBroker({
  file,
  log,
  onEpochChange: ({ reason }) => say(`epoch ${reason}`),
});
try {
  await broker.ready;
} catch (error) {
  say(`refused ${(error as Error).message}`);
  process.exit(1);
}
say('ready');
let next = Number(first);
const end = Number(count) === 0 ? Infinity : next + Number(count);

async function publishOn(): Promise<void> {
  while (next < end) {
    const data = next;
    next += 1;
    const draft = { channel: 'c', event: 'message', data, timestamp: Date.now() };
    const outcome = await broker.publish('c', draft, { retention: { size: 1_000_000, ttl: 3_600_000 } });
    if ('position' in outcome) say(`ack ${data} ${outcome.position?.epoch} ${outcome.position?.offset}`);
  }
}

await Promise.all(Array.from({ length: Number(atOnce) }, publishOn));
say('done');
await sleep(600_000);
