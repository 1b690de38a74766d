import { Switch } from '../../ui/choices.tsx';
import { Failure } from './change-form.tsx';
import { PaceForm } from './pace-form.tsx';
import { SettingCard } from './setting-card.tsx';
import type { Settings } from './settings-query.ts';
import { useChange } from './use-change.ts';
import { words } from './words.ts';

export function ReadingCard({ settings }: { settings: Settings }) {
  const change = useChange(settings.sync.id, words.pausedNamed);
  return (
    <SettingCard id="reading" title={words.reading} hint={words.readingHint}>
      <Switch
        label={words.paused}
        hint={words.pausedHint}
        isOn={change.pending?.paused ?? settings.sync.paused}
        onChange={(paused) => void change.save({ paused }, settings)}
      />
      <Failure change={change} onTheirs={() => undefined} onSaved={() => undefined} />
      <hr className="border-line" />
      <PaceForm settings={settings} />
    </SettingCard>
  );
}
