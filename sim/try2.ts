import { mutants } from './mutants.ts';
import { simulate } from './simulation.ts';
const max = Number(process.argv[2] ?? 300);
for (const [name, { keeping, profile }] of Object.entries(mutants)) {
  if (process.argv[3] && !name.includes(process.argv[3])) continue;
  const t = performance.now();
  let found: number[] = []; let what = ''; let seed = 1;
  for (; seed <= max && found.length < 3; seed++) {
    const run = await simulate({ seed, profile, keeping });
    if (run.violations[0]) { found.push(seed); what = run.violations[0].invariant; }
  }
  console.log(name.padEnd(48), found.join(',') || `- in ${max}`, what, ((performance.now() - t) / seed).toFixed(1));
}
