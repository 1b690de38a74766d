import { useQuery } from '@tanstack/react-query';
import { api, bodyOf } from '../../api/client.ts';
import type { Sync, SyncObject } from '../../api/queries.ts';
import { useSnapshot } from '../../frame/use-snapshot.ts';
import { useSearchText } from '../../ui/use-search-text.ts';

/** What the snippets and the trial read and write. */
export interface Sample {
  object: SyncObject;
  /** The key, and what a person recognises a record by. */
  columns: readonly string[];
  /** A text that may be written; null: none is known. */
  field: string | null;
  /** Of the first row; null: there is none. */
  id: string | null;
  /** False: columns, field and row are still being read. */
  isKnown: boolean;
}

const telling = ['Name', 'LastName', 'Subject', 'Title', 'CaseNumber'];
/** In the order in which a trial takes them. */
const writable = ['Description', 'Name', 'LastName', 'Subject', 'Title'];

/** Null while the mirror cannot be read. The object stands in the address; without a choice it is Account. */
export function useSample(): [Sample | null, (object: string) => void] {
  const { sync, objects } = useSnapshot();
  const [chosen, choose] = useSearchText('object');
  const object =
    objects.find(({ sobject }) => sobject === chosen) ??
    objects.find(({ sobject }) => sobject === 'Account') ??
    objects.find(({ rows }) => rows > 0) ??
    objects[0];
  const hasRows = object !== undefined && object.rows > 0;
  const known = useQuery({
    queryKey: ['sample', sync.id, object?.sobject, hasRows],
    enabled: object !== undefined,
    staleTime: Infinity,
    queryFn: ({ signal }) => object && readSample(sync, object, signal),
  });
  if (!object) return [null, choose];
  const nothing = { columns: ['id'], field: null, id: null };
  return [{ object, ...(known.data ?? nothing), isKnown: !known.isPending }, choose];
}

async function readSample(
  { id: sync, mirror }: Sync,
  { sobject, table_name: table }: SyncObject,
  signal: AbortSignal,
): Promise<Pick<Sample, 'columns' | 'field' | 'id'>> {
  const params = { path: { sync, object: sobject } };
  const { columns } = await bodyOf(
    api.GET('/api/v1/syncs/{sync}/objects/{object}/columns', { signal, params }),
  );
  const there = columns.filter(({ state, is_formula: isFormula }) => state === 'mirrored' && !isFormula);
  const first = (names: readonly string[]) =>
    names.map((name) => there.find(({ field }) => field === name)).find((one) => one !== undefined);
  const named = first(telling);
  return {
    columns: ['id', ...(named ? [named.column_name] : [])],
    field: first(writable)?.field ?? null,
    id: await firstId(sync, `${inSql(mirror.table_schema)}.${inSql(table)}`, signal),
  };
}

const inSql = (name: string) => `"${name.replaceAll('"', '""')}"`;

async function firstId(sync: string, table: string, signal: AbortSignal): Promise<string | null> {
  const body = { query: `SELECT id FROM ${table} ORDER BY id LIMIT 1` };
  const params = { path: { sync } };
  const { rows } = await bodyOf(api.POST('/api/v1/syncs/{sync}/query', { signal, params, body }));
  return rows[0]?.[0] ?? null;
}
