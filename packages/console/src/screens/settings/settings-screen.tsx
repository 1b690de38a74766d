import { useSnapshot } from '../../frame/use-snapshot.ts';
import { Panel } from '../../ui/panel.tsx';
import { Screen } from '../../ui/screen.tsx';
import { words as access } from './access-words.ts';
import { DatabaseCard } from './database-card.tsx';
import { DeleteCard } from './delete-card.tsx';
import { ReadingCard } from './reading-card.tsx';
import { SalesforceCard } from './salesforce-card.tsx';
import { useSettings } from './settings-query.ts';
import { TablesCard } from './tables-card.tsx';
import { VersionCard } from './version-card.tsx';
import { words } from './words.ts';
import { WritesCard } from './writes-card.tsx';

const places = [
  ['reading', words.reading],
  ['tables', words.tables],
  ['version', words.version],
  ['writes', words.writes],
  ['salesforce', access.salesforce],
  ['database', access.database],
  ['deletion', words.deletion],
] as const;

export function SettingsScreen() {
  const { sync } = useSnapshot();
  const query = useSettings();
  const { data } = query;
  return (
    <Screen title={`${words.title} – ${sync.name}`} heading={words.title}>
      <div className="gap-8 lg:grid lg:grid-cols-[minmax(0,1fr)_12rem]">
        <div className="min-w-0 space-y-6">
          {data ? (
            <>
              <ReadingCard settings={data} />
              <TablesCard settings={data} />
              <VersionCard settings={data} />
              <WritesCard settings={data} />
              <SalesforceCard settings={data} />
              <DatabaseCard settings={data} />
            </>
          ) : (
            <Panel title={words.reading} query={query} skeletonRem={40}>
              {() => null}
            </Panel>
          )}
          <DeleteCard sync={sync} />
        </div>
        <nav aria-label={words.onThisPage} className="max-lg:hidden">
          <div className="sticky top-20">
            <p className="mb-2 text-sm text-muted">{words.onThisPage}</p>
            <ul className="space-y-1 border-l border-line">
              {places.map(([id, label]) => (
                <li key={id}>
                  <a href={`#${id}`} className="block min-h-6 py-0.5 pl-3 text-muted hover:text-text">
                    {label}
                  </a>
                </li>
              ))}
            </ul>
          </div>
        </nav>
      </div>
    </Screen>
  );
}
