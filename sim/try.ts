import { asBuilt } from './keeping.ts';
import { usual } from './profile.ts';
import { simulate } from './simulation.ts';
const n = Number(process.argv[2] ?? 1), from = Number(process.argv[3] ?? 1);
const t = performance.now();
let bad = 0, req = 0;
for (let seed = from; seed < from + n; seed++) {
  const run = await simulate({ seed, profile: { ...usual, ...JSON.parse(process.argv[4] ?? '{}') }, keeping: asBuilt, isTraced: n === 1 });
  req += run.requests;
  if (run.violations.length) { bad++; if (bad < 5) console.log(seed, run.violations[0]); }
  if (n === 1) console.log(run.journal.about(run.violations[0]?.id ?? null).slice(-Number(process.argv[5] ?? 60)).join('\n'));
}
console.log({ n, bad, ms: (performance.now() - t) / n, req: req / n });
