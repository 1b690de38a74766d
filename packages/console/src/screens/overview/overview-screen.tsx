import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { snapshotQuery } from '../../api/queries.ts';
import { useSnapshot } from '../../frame/use-snapshot.ts';
import { ObjectsTable } from '../../objects/objects-table.tsx';
import { Panel } from '../../ui/panel.tsx';
import { Screen } from '../../ui/screen.tsx';
import { ApiUse } from './api-use.tsx';
import { Headline } from './headline.tsx';
import { LastActivity, SchemaChanges } from './latest.tsx';
import { Needs } from './needs.tsx';
import { Proven } from './proven.tsx';
import { words } from './words.ts';

/** So many need no page of their own. */
const objectsShown = 12;

/** Is it right, how fresh, who uses the quota, what to do. */
export function OverviewScreen() {
  const { sync, objects } = useSnapshot();
  const query = useQuery(snapshotQuery(sync.id));
  const hasMore = objects.length > objectsShown;
  return (
    <Screen title={`${words.title} – ${sync.name}`} heading={<Headline text={sync.headline} />}>
      <div data-tour="needs">
        <Needs sync={sync} />
      </div>
      <div data-tour="objects">
        <Panel
          title={words.objects}
          query={query}
          isEmpty={(snapshot) => snapshot.objects.length === 0}
          empty={<p className="text-muted">{words.objectsUnread}</p>}
          actions={
            <Link
              to="/syncs/$sync/objects"
              params={{ sync: sync.id }}
              className="text-accent tabular-nums hover:underline"
            >
              {hasMore ? words.allObjects(objects.length) : words.allFew}
            </Link>
          }
        >
          {() => (
            <ObjectsTable
              sync={sync.id}
              objects={objects}
              caption={words.objects}
              maxRows={objectsShown}
              hasFilter={hasMore}
            />
          )}
        </Panel>
      </div>
      <div className="grid grid-cols-[minmax(0,1fr)] items-start gap-6 md:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
        <div data-tour="usage" className="space-y-6">
          <ApiUse sync={sync} />
          <SchemaChanges sync={sync.id} />
        </div>
        <div className="space-y-6">
          <Proven sync={sync} objects={objects} />
          <LastActivity sync={sync.id} />
        </div>
      </div>
    </Screen>
  );
}
