/**
 * The control database itself, for what commands do without the API: the demo before its server runs and after it has
 * ended, and who has lost the password.
 */

import { resolve } from 'node:path';
import { systemClock } from '@lockstep/foundation/clock';
import { databaseUrl } from '@lockstep/foundation/database';
import { openLog } from '@lockstep/foundation/log';
import type { Config } from '../config.ts';
import { type Control, controlDatabase, findKey, openControl } from '../control/index.ts';
import { faults } from '../core/fault-catalogue.ts';
import { Fault, isKeyFault } from '../core/faults.ts';
import type { AppLog } from '../core/log-fields.ts';
import { RequestError } from '../core/request-error.ts';
import { readRunFile } from '../operations/run-file.ts';
import { databaseFault, findEmbedded } from '../postgres/index.ts';

const noLog: AppLog = openLog({ write: () => undefined });

/** @throws {@link RequestError} `SYS-11` if nothing is running */
export async function withControl<Result>(
  config: Config,
  work: (control: Control) => Promise<Result>,
): Promise<Result> {
  const url = await findControlUrl(config);
  const key = await findKey(url, config.key).catch((error: unknown) => {
    // Most commands open no secret, so a missing key is reported only by those that do.
    if (error instanceof Fault && isKeyFault(error.code)) return error;
    throw error;
  });
  const control = await openControl({
    url,
    key,
    applicationName: 'lockstep command',
    clock: systemClock,
    log: noLog,
  });
  try {
    return await work(control);
  } catch (error) {
    if (error instanceof RequestError) throw error;
    throw databaseFault(error, control.host) ?? error;
  } finally {
    await control.end();
  }
}

/** From the server that runs here; else DATABASE_URL; else an embedded database server that outlived its process. */
async function findControlUrl({ dataDir, databaseUrl: own }: Config): Promise<string> {
  const running = await readRunFile(dataDir);
  if (running?.controlUrl !== undefined) return running.controlUrl;
  if (own !== undefined) return own;
  const embedded = await findEmbedded(dataDir);
  if (embedded !== undefined) return databaseUrl(embedded, { database: controlDatabase });
  const { title, next } = faults['SYS-11'];
  throw new RequestError(`${title}. No server is using the data directory ${resolve(dataDir)}`, {
    kind: 'not found',
    label: 'SYS-11',
    next,
  });
}
