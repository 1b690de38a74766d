import { useQuery } from '@tanstack/react-query';
import { readersQuery } from '../../api/queries.ts';
import { useSnapshot } from '../../frame/use-snapshot.ts';
import { CodeBlock } from '../../ui/code-block.tsx';
import { Panel } from '../../ui/panel.tsx';
import { Screen } from '../../ui/screen.tsx';
import { NewLogin } from './new-login.tsx';
import { words } from './words.ts';

export function ConnectScreen() {
  const { sync } = useSnapshot();
  const readers = useQuery(readersQuery(sync.id));
  return (
    <Screen title={`${words.title} – ${sync.name}`} heading={words.title}>
      <section className="space-y-2">
        <h2 className="text-h2 font-semibold">{words.database}</h2>
        <CodeBlock code={sync.mirror.url} label={words.databaseLabel} />
      </section>
      <section className="space-y-2">
        <h2 className="text-h2 font-semibold">{words.proxy}</h2>
        {sync.base_url === null ? (
          <p>{words.noProxy}</p>
        ) : (
          <CodeBlock code={sync.base_url} label={words.proxyLabel} />
        )}
      </section>
      <Panel
        title={words.readers}
        query={readers}
        isEmpty={({ items }) => items.length === 0}
        empty={<p>{words.noReaders}</p>}
      >
        {({ items }) => (
          <ul>
            {items.map(({ name, login }) => (
              <li key={name}>
                {name} <code className="text-muted">{login}</code>
              </li>
            ))}
          </ul>
        )}
      </Panel>
      <NewLogin sync={sync.id} />
    </Screen>
  );
}
