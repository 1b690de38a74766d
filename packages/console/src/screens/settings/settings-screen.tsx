import { useSnapshot } from '../../frame/use-snapshot.ts';
import { Screen } from '../../ui/screen.tsx';
import { DeleteSync } from './delete-sync.tsx';
import { words } from './words.ts';

export function SettingsScreen() {
  const { sync } = useSnapshot();
  const facts = [
    [words.org, sync.instance_url],
    [words.pace, words.every(sync.interval_ms)],
    [words.stopAt, words.stopAtPercent(sync.stop_at_percent)],
    [words.version, sync.api_version],
  ];
  return (
    <Screen title={`${words.title} – ${sync.name}`} heading={words.title}>
      <dl className="grid grid-cols-[auto_1fr] gap-x-6 gap-y-2">
        {facts.map(([term, fact]) => (
          <div key={term} className="contents">
            <dt className="text-muted">{term}</dt>
            <dd className="min-w-0 break-words">{fact}</dd>
          </div>
        ))}
      </dl>
      <DeleteSync sync={sync} />
    </Screen>
  );
}
