import { run } from '/work/main/sim/run.ts';
const from = Number(process.argv[2] ?? 1),
  n = Number(process.argv[3] ?? 5);
const t = performance.now();
const by = new Map();
let ev = 0,
  vm = 0,
  lines = 0;
for (let s = from; s < from + n; s++) {
  const r = await run(s);
  ev += r.events;
  vm += r.virtualMs;
  lines += r.history.length;
  for (const v of r.violations.slice(0, 1)) {
    const k = v.invariant;
    const e = by.get(k) ?? [];
    e.push([s, v.message.slice(0, 200)]);
    by.set(k, e);
  }
}
const ms = performance.now() - t;
console.log({ seedsPerSec: (n / ms) * 1000, events: ev / n, virtualS: vm / n / 1000, lines: lines / n });
for (const [k, e] of [...by].sort()) console.log(k, e.length, JSON.stringify(e.slice(0, 4), null, 1));
