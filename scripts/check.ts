// All checks that do not run the code. Use before each commit: npm run check.
// With --fix it formats and applies safe lint fixes first.
import { spawnSync } from 'node:child_process';

const fix = process.argv.includes('--fix');
const bin = (name: string) => `node_modules/.bin/${name}`;
const checks: { what: string; command: string; args: string[] }[] = [
  { what: 'types', command: bin('tsc'), args: [] },
  { what: 'types of the console', command: bin('tsc'), args: ['-p', 'packages/console'] },
  {
    what: 'format',
    command: bin('biome'),
    args: ['check', '--error-on-warnings', ...(fix ? ['--write'] : [])],
  },
  {
    what: 'lint',
    command: bin('oxlint'),
    args: [
      '--type-aware',
      '--deny-warnings',
      ...(fix ? ['--fix'] : []),
      'packages',
      'verification',
      'bench',
      'scripts',
    ],
  },
  { what: 'dead code', command: bin('knip'), args: [] },
  {
    what: 'import direction, tidiness, docs',
    command: process.execPath,
    args: [
      '--test',
      '--test-reporter=dot',
      'verification/repository/architecture.test.ts',
      'verification/repository/tidy.test.ts',
      'verification/repository/docs.test.ts',
    ],
  },
];

const failed: string[] = [];
for (const { what, command, args } of checks) {
  const began = performance.now();
  const done = spawnSync(command, args, { encoding: 'utf8' });
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  if (done.status === 0) {
    process.stderr.write(`ok    ${what} (${seconds} s)\n`);
    continue;
  }
  failed.push(what);
  const output = done.error ? String(done.error) : `${done.stdout}${done.stderr}`;
  process.stderr.write(`FAIL  ${what} (${seconds} s)\n${output}\n`);
}
if (failed.length > 0) {
  process.stderr.write(`check failed: ${failed.join(', ')}. npm run format fixes what a tool can fix.\n`);
  process.exitCode = 1;
}
