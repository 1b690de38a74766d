/** The server's log: one file a day in the data directory, kept for 30 days. */
import { once } from 'node:events';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { systemClock } from '@lockstep/foundation/clock';
import { openLog } from '@lockstep/foundation/log';
import type { DestinationStream } from 'pino';
import type { AppLog, LogFields } from '../core/log-fields.ts';

/** The package has no types; these are the options used here. */
type OpenRoll = (options: {
  file: string;
  extension: string;
  frequency: 'daily';
  dateFormat: string;
  limit: { count: number; removeOtherLogFiles: boolean };
  mode: number;
}) => Promise<DestinationStream & NodeJS.EventEmitter & { end(): void }>;
const require = createRequire(import.meta.url);
const openRoll = require('pino-roll') as OpenRoll;

const daysKept = 30;
const dayMs = 86_400_000;

export async function openLogFiles(
  dataDir: string,
  level: string,
): Promise<AsyncDisposable & { log: AppLog }> {
  const folder = join(dataDir, 'logs');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await removeOld(folder);
  const stream = await openRoll({
    file: join(folder, 'lockstep'),
    extension: '.log',
    frequency: 'daily',
    dateFormat: 'yyyy-MM-dd',
    limit: { count: daysKept, removeOtherLogFiles: true },
    mode: 0o600,
  });
  return {
    log: openLog<LogFields>(stream, level),
    async [Symbol.asyncDispose]() {
      const closed = once(stream, 'close');
      stream.end();
      await closed;
    },
  };
}

/** pino-roll removes old files at midnight, which a server that is stopped every night never reaches. */
async function removeOld(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const { mtimeMs } = await stat(path);
    if (name.endsWith('.log') && mtimeMs < systemClock.now() - daysKept * dayMs)
      await rm(path, { force: true });
  }
}
