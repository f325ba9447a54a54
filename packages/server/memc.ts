import { WebSocket } from 'ws';
const port = process.argv[2]; const pid = Number(process.argv[3]);
const n = 8000; let open = 0; let next = 0;
function dial() { if (next >= n) return; next += 1; const w = new WebSocket(`ws://127.0.0.1:${port}/ws`, { perMessageDeflate: false }); w.once('message', () => { open += 1; dial(); if (open === n) { setTimeout(() => { process.kill(pid, 'SIGUSR2'); setTimeout(() => process.exit(0), 1500); }, 1500); } }); w.on('error', (e) => { console.log(e.message); process.exit(1); }); }
for (let i = 0; i < 100; i += 1) dial();
