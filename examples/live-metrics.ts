// Ten batches a second at most, however often a value changes: node examples/live-metrics.ts
import { setInterval } from 'node:timers';
import { channel, createThrum } from 'thrum';

const app = createThrum({
  channels: {
    // Of each metric the newest: the first at once, the last in any case.
    'metrics:{host}': channel({ tier: 'ephemeral', conflate: { every: 100, key: 'name' } }),
  },
});

const { url, close } = await app.listen({ port: Number(process.env['PORT'] ?? 3000) });
console.log(url);

let before = process.cpuUsage();
const timer = setInterval(() => {
  const { user, system } = process.cpuUsage(before);
  before = process.cpuUsage();
  void app.publish('metrics:local', 'update', { name: 'cpu', microseconds: user + system });
  void app.publish('metrics:local', 'update', { name: 'heap', bytes: process.memoryUsage.rss() });
}, 5);

process.once('SIGTERM', () => {
  clearInterval(timer);
  void close();
});
