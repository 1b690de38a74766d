import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { syncsQuery } from '../api/queries.ts';
import { frame } from '../words/frame.ts';

/** Which sync is shown; a choice if there are several. */
export function SyncSwitcher({ sync, name }: { sync: string; name: string }) {
  const { data: syncs = [] } = useQuery(syncsQuery);
  const navigate = useNavigate();
  if (syncs.length < 2) return <span className="text-lead font-semibold break-words">{name}</span>;
  return (
    <select
      aria-label={frame.chooseSync}
      value={sync}
      onChange={({ target }) => void navigate({ to: '/syncs/$sync', params: { sync: target.value } })}
      className="min-h-8 w-full max-w-56 rounded-control border border-control bg-surface px-2 font-semibold"
    >
      {syncs.map((one) => (
        <option key={one.id} value={one.id}>
          {one.name}
        </option>
      ))}
    </select>
  );
}
