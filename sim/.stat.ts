import { run } from '/work/main/sim/run.ts';
import { met, sometimes } from '/work/main/sim/sometimes.ts';
const from=Number(process.argv[2]??1), n=Number(process.argv[3]??100);
const c=new Map<string,number>(sometimes.map(s=>[s,0])); let tail=0, undef=0, stands=0, forb=0;
for(let s=from;s<from+n;s++){ const r=await run(s); for(const m of met(r.history)) c.set(m,(c.get(m)??0)+1);
 const stop=r.history.findIndex(l=>l.k==='stop');
 for(const l of r.history) if(l.k==='stands'){stands++; if(l.at===undefined) undef++; if(l.status==='forbidden')forb++;}
}
console.log({tail,undef,stands,forb}); for(const [k,v] of c) console.log(String(v).padStart(6),k);
