/** The version of its API that requests to an org name. If the org has retired it, the newest common one replaces it. */

import { assert } from '@lockstep/foundation/assert';
import type { AppLog } from '../core/log-fields.ts';
import type { Ask, SalesforceRequest } from './request.ts';
import { newestVersion } from './versions.ts';

export interface VersionInUse {
  /** `/services/data/v62.0` */
  readonly dataPath: string;
  set(apiVersion: string): void;
  request: Ask;
}

interface VersionOptions {
  apiVersion: string;
  onVersionMoved?: ((apiVersion: string) => void) | undefined;
  log: AppLog;
  request: Ask;
}

export function openVersion({ request: ask, log, onVersionMoved, ...options }: VersionOptions): VersionInUse {
  let inUse = checkedVersion(options.apiVersion);

  /** Requests under way that name the retired version all come here; the first one changes it. */
  const replace = async (retired: string, signal: AbortSignal): Promise<void> => {
    if (inUse !== retired) return;
    const next = await newestVersion({ request: ask }, signal);
    if (inUse !== retired) return;
    inUse = next;
    log.warn('the api version is retired, another one takes its place', { code: 'VER-02' });
    onVersionMoved?.(next);
  };

  return {
    get dataPath() {
      return dataPathOf(inUse);
    },
    set(apiVersion) {
      inUse = checkedVersion(apiVersion);
    },
    async request(request, signal) {
      const answer = await ask(request, signal);
      const named = /^\/services\/data\/v(\d+\.0)\//.exec(request.path)?.[1];
      if (answer.status !== 410 || named === undefined) return answer;
      await replace(named, signal);
      return named === inUse ? answer : ask(inVersion(request, named, inUse), signal);
    },
  };
}

const dataPathOf = (apiVersion: string): string => `/services/data/v${apiVersion}`;

function checkedVersion(apiVersion: string): string {
  assert(/^\d{2,3}\.0$/.test(apiVersion), 'an API version has the form 62.0');
  return apiVersion;
}

/** The same request for another version: a composite names it in the addresses of its parts too. */
const inVersion = (request: SalesforceRequest, from: string, to: string): SalesforceRequest => ({
  ...request,
  path: request.path.replace(dataPathOf(from), dataPathOf(to)),
  ...(request.body !== undefined && {
    body: request.body.replaceAll(`${dataPathOf(from)}/`, `${dataPathOf(to)}/`),
  }),
});
