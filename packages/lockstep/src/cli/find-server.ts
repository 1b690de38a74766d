/** Which server a command uses: one that is named, else that of `lockstep login`, else the one of the data directory. */
import { resolve } from 'node:path';
import type { Config } from '../config.ts';
import { faults } from '../core/fault-catalogue.ts';
import { RequestError, usageError } from '../core/request-error.ts';
import { readRunFile } from '../operations/run-file.ts';
import { type ApiClient, openApiClient } from './api-client.ts';
import type { Context } from './arguments.ts';
import { type Login, readLogin } from './login-file.ts';

/** @throws {@link RequestError} `SYS-11` if nothing runs here; Fault `SYS-22` */
export async function findApi({ config, output, stop }: Context): Promise<ApiClient> {
  const { isRemembered, ...server } = await findServer(config);
  const api = openApiClient({ ...server, stop });
  if (isRemembered) output.say(`at ${server.url}`);
  return api;
}

/** The same server once more: after a restart the one of this machine has another address and key. */
export async function findApiAgain({ config, stop }: Context): Promise<ApiClient> {
  const { isRemembered: _, ...server } = await findServer(config);
  return openApiClient({ ...server, stop });
}

async function findServer(config: Config): Promise<Login & { isRemembered?: boolean; isOwn?: boolean }> {
  const { serverUrl, serverKey, loginFile, dataDir } = config;
  const login = loginFile === undefined ? null : await readLogin(loginFile);
  if (serverUrl !== undefined) {
    const key = serverKey ?? (login?.url === serverUrl ? login.key : undefined);
    if (key !== undefined) return { url: serverUrl, key };
    throw usageError(
      `There is no key for ${serverUrl}`,
      `Set LOCKSTEP_API_KEY, or store one: lockstep login ${serverUrl}`,
    );
  }
  if (login) return { ...login, isRemembered: true };
  const running = await readRunFile(dataDir);
  if (running?.apiUrl !== undefined && running.apiKey !== undefined)
    return { url: reachable(running.apiUrl), key: running.apiKey, isOwn: true };
  const { title, next } = faults['SYS-11'];
  throw new RequestError(`${title}. No server is using the data directory ${resolve(dataDir)}`, {
    kind: 'not found',
    label: 'SYS-11',
    next,
  });
}

/** A server that listens on all addresses is reached at one of them. */
const reachable = (url: string): string =>
  url.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:');
