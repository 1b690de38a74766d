// Builds the console of this clone if it is missing or older than its sources, as npm start and npm run demo do first.
import { buildConsole, consoleState } from './console-build.ts';

const state = consoleState();
if (state !== 'built') {
  const why = { missing: 'it is not built yet', old: 'its sources have changed' }[state];
  process.stderr.write(`Building the console (${why}); this takes a few seconds.\n`);
  try {
    await buildConsole();
  } catch (error) {
    // Lockstep is useful without it, so what was asked for starts all the same.
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  }
}
