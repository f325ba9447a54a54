// Publishes once, closes or not, and expects that nothing keeps this process alive. Arguments: the file, `close` or `leave`.
import { createSqliteBroker } from '../../../src/brokers/sqlite/broker.ts';

const [file = '', how] = process.argv.slice(2);
const log = { debug() {}, info() {}, warn() {}, error() {} };
const broker = createSqliteBroker({ file, log });
broker.subscribe('c', () => undefined);
const draft = { channel: 'c', event: 'message', data: 1, timestamp: 0 };
await broker.publish('c', draft, { retention: { size: 10, ttl: 3_600_000 } });
process.stdout.write('published\n');
if (how === 'close') await broker.close();
// A thread or timer of ours would let this fire.
setTimeout(() => {
  process.stdout.write(`still alive: ${process.getActiveResourcesInfo().join()}\n`);
  process.exit(1);
}, 60_000).unref();
