import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type Figures, median, rounded } from './figures.ts';

const runs = 3;

/** Runs the demo unattended in fresh folders. The clock starts before the process does. */
export async function start(): Promise<Figures> {
  const firstRows: number[] = [];
  const totals: number[] = [];
  for (let run = 0; run < runs; run++) {
    const began = performance.now();
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['packages/lockstep/src/main.ts', 'demo', '--check'],
      {
        maxBuffer: 1 << 24,
      },
    );
    const report = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as { seconds_to_first_row: number };
    firstRows.push(report.seconds_to_first_row);
    totals.push((performance.now() - began) / 1000);
  }
  return {
    seconds_to_first_row: { value: rounded(median(firstRows), 2), unit: 's' },
    seconds_in_all: { value: rounded(median(totals), 2), unit: 's' },
  };
}
