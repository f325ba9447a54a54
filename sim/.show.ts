import { run } from '/work/main/sim/run.ts';
const r = await run(Number(process.argv[2]));
const inv = process.argv[3];
const v = r.violations.find((x) => inv === undefined || x.invariant === inv);
console.log(r.violations.length, v);
if (v)
  r.history.forEach((l, i) => {
    const s = JSON.stringify(l).slice(0, 300);
    if (
      i <= v.at + 3 &&
      (v.about.some((a) => s.includes(a)) || i === v.at || l.k === 'log' || l.k === 'world')
    )
      console.log(i, s);
  });
