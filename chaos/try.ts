import { run } from './run.ts';
import * as p from './faults/process.ts';
const scenario = (p as any)[process.argv[2]!];
const r = await run({scenario, seed: Number(process.argv[3] ?? 1), seconds: 6, folder: `/tmp/chaos-try-${Date.now()}`, plant: process.env['PLANT'], env: {}, onRound: n=>console.log('round',n)});
console.log(r.rounds, r.convergedIn, r.history.length);
const kinds: Record<string, number> = {}; for (const l of r.history) kinds[l.k] = (kinds[l.k]??0)+1; console.log(kinds);
console.log(r.violations.length); const seen: Record<string,number>={}; for (const v of r.violations) { seen[v.invariant]=(seen[v.invariant]??0)+1; if (seen[v.invariant]!<4) console.log(v.invariant, v.message); }
import { writeFileSync } from 'node:fs'; writeFileSync('/tmp/chaos-h.jsonl', r.history.map(l=>JSON.stringify(l)).join('\n'));
