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
      {() => <Entries items={items} lines={changes} lineRem={2.75} />}
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
      {() => <Entries items={items} lines={activities} lineRem={1.75} />}
    </Panel>
  );
}

/**
 * Each entry has its place: a new one changes what the places show, and moves nothing. So many places are there from
 * the beginning.
 */
function Entries({
  items,
  lines,
  lineRem,
}: {
  items: readonly Activity[];
  lines: number;
  /** The height of each. */
  lineRem: number;
}) {
  return (
    <ol style={{ minHeight: `${lines * lineRem}rem` }}>
      {items.map(({ id, says, done, at, needs_person: needsPerson }, place) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the place stays, what it shows changes
        <li
          key={place}
          data-entry={id}
          style={{ height: `${lineRem}rem` }}
          className="flex items-start gap-3 overflow-hidden"
        >
          <span className="min-w-0 flex-1">
            <span className={`block truncate ${needsPerson ? 'font-medium' : ''}`} title={says}>
              {says}
            </span>
            {done !== null && lineRem > 2 && (
              <span className="block truncate text-sm text-muted" title={done}>
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
