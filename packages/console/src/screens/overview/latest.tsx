import { Link } from '@tanstack/react-router';
import type { Activity } from '../../api/queries.ts';
import { useActivity } from '../../api/use-activity.ts';
import { Panel } from '../../ui/panel.tsx';
import { Age } from '../../ui/time.tsx';
import { words } from './words.ts';

const changes = 4;
const activities = 10;

/** The last changes of objects and fields, with what was done about each. */
export function SchemaChanges({ sync }: { sync: string }) {
  const { query, items } = useActivity(sync, { kind: 'schema', limit: changes });
  return (
    <Panel
      title={words.schema}
      query={query}
      isEmpty={() => items.length === 0}
      empty={<p className="text-muted">{words.schemaEmpty}</p>}
    >
      {() => <Entries items={items} showsDone />}
    </Panel>
  );
}

export function LastActivity({ sync }: { sync: string }) {
  const { query, items } = useActivity(sync, { limit: activities });
  return (
    <Panel
      title={words.activity}
      query={query}
      isEmpty={() => items.length === 0}
      empty={<p className="text-muted">{words.activityEmpty}</p>}
      actions={
        <Link to="/syncs/$sync/activity" params={{ sync }} className="text-accent hover:underline">
          {words.allActivity}
        </Link>
      }
    >
      {() => <Entries items={items} />}
    </Panel>
  );
}

/** Each entry has its place: a new one changes what the places show, and moves nothing. */
function Entries({ items, showsDone = false }: { items: readonly Activity[]; showsDone?: boolean }) {
  return (
    <ol>
      {items.map(({ id, says, done, at, needs_person: needsPerson }, place) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the place stays, what it shows changes
        <li key={place} data-entry={id} className={`flex items-start gap-3 ${showsDone ? 'h-11' : 'h-7'}`}>
          <span className="min-w-0 flex-1">
            <span className={`block truncate ${needsPerson ? 'font-medium' : ''}`} title={says}>
              {says}
            </span>
            {showsDone && (
              <span className="block truncate text-sm text-muted" title={done ?? ''}>
                {done}
              </span>
            )}
          </span>
          <span className="w-20 shrink-0 text-right text-sm text-muted">
            <Age at={at} />
          </span>
        </li>
      ))}
    </ol>
  );
}
