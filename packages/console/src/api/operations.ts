/** Work that a sync is asked for, and how far it is. */
import { queryOptions } from '@tanstack/react-query';
import { api, bodyOf } from './client.ts';
import type { components } from './schema.d.ts';

type Schemas = components['schemas'];
export type NewOperation = Schemas['NewOperation'];
export type Operation = Schemas['Operation'];

const lookEveryMs = 1_000;

/** @param key  an Idempotency-Key, so that a repetition after a lost answer asks for nothing twice */
export const startOperation = (sync: string, body: NewOperation, key: string): Promise<Operation> =>
  bodyOf(
    api.POST('/api/v1/syncs/{sync}/operations', {
      params: { path: { sync }, header: { 'idempotency-key': key } },
      body,
    }),
  );

export const isOver = ({ state }: Operation): boolean => state === 'done' || state === 'failed';

/** Looked at until its end. */
export const operationQuery = (operation: string) =>
  queryOptions({
    queryKey: ['operation', operation],
    queryFn: ({ signal }): Promise<Operation> =>
      bodyOf(api.GET('/api/v1/operations/{operation}', { signal, params: { path: { operation } } })),
    refetchInterval: ({ state: { data } }) => (data && isOver(data) ? false : lookEveryMs),
  });
