import { RadioCards } from '../../ui/choices.tsx';
import { Failure } from './change-form.tsx';
import { SettingCard } from './setting-card.tsx';
import type { Settings } from './settings-query.ts';
import { useChange } from './use-change.ts';
import { words } from './words.ts';

const choices = [
  { value: 'refuse', label: words.refuse, hint: words.refuseHint },
  { value: 'forward', label: words.forward, hint: words.forwardHint },
];

export function WritesCard({ settings }: { settings: Settings }) {
  const change = useChange(settings.sync.id, words.writesNamed);
  return (
    <SettingCard id="writes" title={words.writes} hint={words.writesHint}>
      <RadioCards
        legend={words.writesLegend}
        choices={choices}
        value={change.pending?.on_database_down ?? settings.sync.on_database_down}
        onChange={(next) =>
          void change.save({ on_database_down: next === 'forward' ? 'forward' : 'refuse' }, settings)
        }
      />
      <Failure change={change} onTheirs={() => undefined} onSaved={() => undefined} />
    </SettingCard>
  );
}
