/** How a command reaches a running Lockstep: it looks up the server's addresses and never starts or stops one. */

import { resolve } from 'node:path';
import { systemClock } from '@lockstep/foundation/clock';
import { databaseUrl } from '@lockstep/foundation/database';
import { openLog } from '@lockstep/foundation/log';
import type { Config } from '../config.ts';
import {
  type Control,
  controlDatabase,
  findKey,
  findSync,
  listSyncs,
  openControl,
  type Sync,
} from '../control/index.ts';
import { faults } from '../core/fault-catalogue.ts';
import { Fault, isKeyFault } from '../core/faults.ts';
import type { AppLog } from '../core/log-fields.ts';
import { RequestError, usageError } from '../core/request-error.ts';
import { preferredPort } from '../operations/ports.ts';
import { readRunFile } from '../operations/run-file.ts';
import { databaseFault, findEmbedded } from '../postgres/index.ts';

/** A command prints what it does and writes no log. */
export const noLog: AppLog = openLog({ write: () => undefined });

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

/** The base of every sync's address; undefined if the port is not known until a server runs. */
export async function findProxyUrl(config: Config): Promise<string | undefined> {
  const running = await readRunFile(config.dataDir);
  if (running?.proxyUrl !== undefined) return running.proxyUrl;
  const scheme = config.proxyCertificate ? 'https' : 'http';
  const port = await preferredPort(config.dataDir, 'proxy', config.proxyPort);
  return port === 0 ? undefined : `${scheme}://${config.proxyHost}:${port}`;
}

/** By name or id; optional if there is only one sync. */
export async function chooseSync(control: Control, nameOrId: string | undefined): Promise<Sync> {
  const syncs = await listSyncs(control);
  const names = syncs.map(({ name }) => name).join(', ');
  if (nameOrId !== undefined) {
    const found = await findSync(control, nameOrId);
    if (found) return found;
    throw new RequestError(`There is no sync ${JSON.stringify(nameOrId.slice(0, 80))}`, {
      kind: 'not found',
      next: names === '' ? 'lockstep help sync create' : `Name one of these: ${names}`,
    });
  }
  const [only, ...others] = syncs;
  if (!only) {
    throw new RequestError('There is no sync yet', {
      kind: 'not found',
      next: 'lockstep help sync create',
    });
  }
  if (others.length > 0) throw usageError('There is more than one sync', `Name one of these: ${names}`);
  return only;
}
