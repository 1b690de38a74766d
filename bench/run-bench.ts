// The process in which one benchmark runs; main.ts starts it and removes what an interrupted one leaves behind.
import { parseInterval } from 'lockstep/control';
import { benches } from './benches.ts';

const [name = '', minutes, interval = '', rows, format] = process.argv.slice(2);
const bench = benches[name];
if (!bench) throw new Error(`no benchmark is called ${name}`);
const interruption = new AbortController();
if (bench.endsItself) process.on('SIGTERM', () => interruption.abort());
const figures = await bench.run({
  minutes: Number(minutes),
  intervalMs: parseInterval(interval),
  rows: Number(rows),
  interrupted: interruption.signal,
});
if (format === 'json') process.stdout.write(`${JSON.stringify({ bench: name, figures })}\n`);
else {
  const width = Math.max(...Object.keys(figures).map((figure) => figure.length));
  for (const [figure, { value, unit }] of Object.entries(figures)) {
    process.stdout.write(`${figure.padEnd(width)}  ${String(value).padStart(10)}  ${unit}\n`);
  }
}
