// npm run console:build builds the console; npm run console serves its sources to developers, beside a running API
// (`LOCKSTEP_URL`, otherwise http://127.0.0.1:8400).
import { serveConsole } from '@lockstep/console/build';
import { buildConsole } from './console-build.ts';

if (process.argv.includes('--build')) await buildConsole();
else await serveConsole(process.env.LOCKSTEP_URL ?? 'http://127.0.0.1:8400');
