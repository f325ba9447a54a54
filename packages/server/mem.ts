import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';
import { createThrum } from 'thrum';
const kind = process.argv[2];
let port = 0;
const log = { debug() {}, info() {}, warn() {}, error() {} };
if (kind === 'ws') {
  const s = createServer(); const w = new WebSocketServer({ server: s, path: '/ws', clientTracking: true });
  w.on('connection', (c) => { c.on('message', () => {}); c.on('close', () => {}); c.send('{"type":"welcome"}'); });
  await new Promise<void>((r) => s.listen(0, '127.0.0.1', r)); port = (s.address() as { port: number }).port;
} else {
  const app = createThrum({ log, limits: { connections: 20000 } });
  port = (await app.listen({ port: 0 })).port;
}
const m = () => { globalThis.gc!(); globalThis.gc!(); const u = process.memoryUsage(); return { rss: u.rss, heap: u.heapUsed + u.external }; };
console.log(port);
const before = m(); const cpu0 = process.cpuUsage();
process.on('SIGUSR2', () => { const cpu = process.cpuUsage(cpu0); const a = m(); const n = 8000; console.log(kind, 'per conn: rss', ((a.rss - before.rss) / n).toFixed(0), 'heap', ((a.heap - before.heap) / n).toFixed(0), 'cpu us', ((cpu.user + cpu.system) / n).toFixed(0)); process.exit(0); });
