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
  const { url, key, isRemembered } = await findServer(config);
  const api = openApiClient({ url, key, stop });
  if (isRemembered) output.say(`at ${url}`);
  return api;
}

async function findServer(config: Config): Promise<Login & { isRemembered?: boolean }> {
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
    return { url: running.apiUrl, key: running.apiKey };
  const { title, next } = faults['SYS-11'];
  throw new RequestError(`${title}. No server is using the data directory ${resolve(dataDir)}`, {
    kind: 'not found',
    label: 'SYS-11',
    next,
  });
}
