/** The sync that a command is about. */
import { type SyncView, syncSchema } from '../contract/syncs.ts';
import { RequestError, usageError } from '../core/request-error.ts';
import type { ApiClient } from './api-client.ts';

export const pathOf = (nameOrId: string): string => `/syncs/${encodeURIComponent(nameOrId)}`;

/** By name or id; optional if there is only one sync. */
export async function chooseSync(api: ApiClient, nameOrId: string | undefined): Promise<SyncView> {
  if (nameOrId !== undefined) return api.get(pathOf(nameOrId.slice(0, 80)), syncSchema);
  const { items } = await api.list('/syncs', syncSchema);
  const [only, ...others] = items;
  if (!only) throw noSyncYet();
  if (others.length === 0) return only;
  const names = items.map(({ name }) => name).join(', ');
  throw usageError('There is more than one sync', `Name one of these: ${names}`);
}

/** All of them unless one is named. @throws {@link RequestError} if there is none at all */
export async function chooseSyncs(api: ApiClient, nameOrId: string | undefined): Promise<SyncView[]> {
  if (nameOrId !== undefined) return [await chooseSync(api, nameOrId)];
  const { items } = await api.list('/syncs', syncSchema);
  if (items.length === 0) throw noSyncYet();
  return items;
}

const noSyncYet = () =>
  new RequestError('There is no sync yet', { kind: 'not found', next: 'lockstep help sync create' });

/** What a command that looks on says when somebody deletes the sync. */
export const wasDeleted = (name: string) =>
  new RequestError(`${name} was deleted`, { kind: 'not found', next: 'lockstep sync list' });
