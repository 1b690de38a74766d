/** What the screens read, by the names under which the query cache keeps it. */
import {
  QueryClient,
  queryOptions,
  experimental_streamedQuery as streamedQuery,
} from '@tanstack/react-query';
import { api, bodyOf, keepCsrfToken } from './client.ts';
import { Problem } from './problem.ts';
import type { components } from './schema.d.ts';
import { noteServerTime } from './server-clock.ts';

type Schemas = components['schemas'];
export type Sync = Schemas['Sync'];
export type SyncObject = Schemas['SyncObject'];
export type Snapshot = Schemas['Snapshot'];
export type Activity = Schemas['Activity'];

/** Only what may pass by itself is tried again; a refusal is the answer. */
const mayPass = (error: unknown) => error instanceof Problem && (error.status === 0 || error.status >= 502);

export const newQueryClient = (): QueryClient =>
  new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 5_000,
        retry: (failures, error) => failures < 2 && mayPass(error),
        networkMode: 'always', // a browser that calls itself offline may still reach this machine
      },
      mutations: { networkMode: 'always' },
    },
  });

export const sessionQuery = queryOptions({
  queryKey: ['session'],
  staleTime: Infinity, // a session that has ended answers the next request with 401
  retry: (failures, error) => failures < 1 && mayPass(error),
  queryFn: async ({ signal }) => {
    const session = await bodyOf(api.GET('/api/v1/session', { signal }));
    keepCsrfToken(session.csrf_token);
    return session;
  },
});

/** What a browser has to do before anything else, by the API's answer to one without a session. */
export type FirstStep = 'none' | 'set up' | 'open the link' | 'sign in';
const firstSteps: Record<string, FirstStep> = { 'API-19': 'set up', 'API-20': 'open the link' };

export const firstStepOf = ({ code }: Problem): FirstStep => firstSteps[code] ?? 'sign in';

/** Asked anew each time, and not by way of the cache: signing out empties that while the sign-in page asks. */
export async function readFirstStep(): Promise<FirstStep> {
  try {
    await bodyOf(api.GET('/api/v1/session'));
    return 'none';
  } catch (failure) {
    if (failure instanceof Problem && failure.status === 401) return firstStepOf(failure);
    throw failure;
  }
}

/** Each sync costs the server a look into its database, so a thousand are shown as they come. */
const syncsPerPage = 100;

async function* readSyncs(signal: AbortSignal): AsyncGenerator<Sync[]> {
  let after: string | null = null;
  do {
    const query: { limit: number; after?: string } = {
      limit: syncsPerPage,
      ...(after !== null && { after }),
    };
    const page = await bodyOf(api.GET('/api/v1/syncs', { signal, params: { query } }));
    noteServerTime(page.as_of);
    yield page.items;
    after = page.next;
  } while (after !== null);
}

export const syncsQuery = queryOptions({
  queryKey: ['syncs'],
  staleTime: 30_000,
  queryFn: streamedQuery({
    streamFn: ({ signal }) => readSyncs(signal),
    refetchMode: 'replace',
    reducer: (known: Sync[], page: Sync[]) => [...known, ...page],
    initialValue: [],
  }),
});

/** Two at most: whether there is none, one or more. */
export async function readFirstSyncs(): Promise<Sync[]> {
  return (await bodyOf(api.GET('/api/v1/syncs', { params: { query: { limit: 2 } } }))).items;
}

/** One sync with its objects. The event stream keeps it current, see live.ts. */
export const snapshotQuery = (sync: string) =>
  queryOptions({
    queryKey: ['snapshot', sync],
    staleTime: Infinity,
    queryFn: async ({ signal }): Promise<Snapshot> => readSnapshot(sync, signal),
  });

export async function readSnapshot(sync: string, signal: AbortSignal): Promise<Snapshot> {
  const params = { path: { sync } };
  const snapshot = await bodyOf(api.GET('/api/v1/syncs/{sync}/snapshot', { signal, params }));
  noteServerTime(snapshot.as_of);
  return snapshot;
}

/** What has happened since the page was opened, the newest first; only the event stream writes it. */
export const newActivityQuery = (sync: string) =>
  queryOptions({
    queryKey: ['new activity', sync],
    staleTime: Infinity,
    initialData: (): Activity[] => [],
    queryFn: (): Activity[] => [],
  });

export const readersQuery = (sync: string) =>
  queryOptions({
    queryKey: ['readers', sync],
    queryFn: ({ signal }) =>
      bodyOf(api.GET('/api/v1/syncs/{sync}/readers', { signal, params: { path: { sync } } })),
  });

export const systemQuery = queryOptions({
  queryKey: ['system'],
  queryFn: ({ signal }) => bodyOf(api.GET('/api/v1/system', { signal })),
});

/** Asked once: a server does not become a demo. */
export const isDemoQuery = queryOptions({
  queryKey: ['is demo'],
  staleTime: Infinity,
  queryFn: async ({ signal }) => (await bodyOf(api.GET('/api/v1/system', { signal }))).is_demo,
});

export const errorQuery = (code: string) =>
  queryOptions({
    queryKey: ['error', code],
    staleTime: Infinity,
    queryFn: ({ signal }) => bodyOf(api.GET('/api/v1/errors/{code}', { signal, params: { path: { code } } })),
  });

/** The whole catalogue. */
export const errorsQuery = queryOptions({
  queryKey: ['errors'],
  staleTime: Infinity,
  queryFn: ({ signal }) => bodyOf(api.GET('/api/v1/errors', { signal })),
});
export type ErrorEntry = Schemas['ErrorEntry'];
