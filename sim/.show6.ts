import { run } from '/work/main/sim/run.ts';
const r = await run(Number(process.argv[2]));
const inv = process.argv[3];
const v = r.violations.find((x) => x.invariant === inv);
console.log(r.violations.length, v);
if (v) {
  const vs = v.about.slice(0, 2);
  const calls = new Set(r.history.filter((l) => l.k === 'publish' && vs.includes(l.v)).map((l) => l.call));
  const life = v.about[0].split('#')[0];
  r.history.forEach((l, i) => {
    const s = JSON.stringify(l).slice(0, 260);
    if (
      i <= v.at + 40 &&
      ((vs.some((a) => s.includes(a + '"') || s.includes(a + '!')) &&
        l.k !== 'sent' &&
        l.k !== 'recv' &&
        l.k !== 'page') ||
        l.k === 'log' ||
        l.k === 'world' ||
        (l.k === 'settled' && calls.has(l.call)) ||
        (l.k === 'state' && l.c === life) ||
        l.k === 'fault')
    )
      console.log(i, s);
  });
}
