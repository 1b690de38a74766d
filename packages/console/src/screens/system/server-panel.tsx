import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { systemQuery } from '../../api/queries.ts';
import { Facts } from '../../ui/facts.tsx';
import { Panel } from '../../ui/panel.tsx';
import { formatBytes } from '../../words/format.ts';
import { words } from './words.ts';

export function ServerPanel() {
  const query = useQuery(systemQuery);
  return (
    <Panel title={words.server} query={query} skeletonRem={9}>
      {({
        version,
        is_demo: isDemo,
        database_host: host,
        proxy_url: proxy,
        free_disk_bytes: free,
        ...more
      }) => (
        <Facts
          facts={[
            [words.version, version],
            isDemo ? [words.demo, words.demoSays] : null,
            [words.database, host],
            [words.disk, free === null ? words.diskUnknown : formatBytes(free)],
            [words.proxy, proxy ?? words.noProxy],
            more.public_databases.length === 0
              ? null
              : [words.publicDatabases, more.public_databases.join(', ')],
            [
              words.errors,
              <Link key="errors" to="/errors" className="text-accent underline">
                {words.allErrors}
              </Link>,
            ],
          ]}
        />
      )}
    </Panel>
  );
}
