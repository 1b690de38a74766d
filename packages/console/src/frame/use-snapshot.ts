import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { type Snapshot, snapshotQuery } from '../api/queries.ts';

/** The sync of the address with its objects, which live updates keep current. Only below the route of a sync. */
export function useSnapshot(): Snapshot {
  const { sync = '' } = useParams({ strict: false });
  const { data } = useQuery(snapshotQuery(sync));
  if (!data) throw new Error('useSnapshot is for screens below the route of a sync');
  return data;
}
