import { themes, useDensity, useTheme } from '../../frame/appearance.ts';
import { RadioCards, Switch } from '../../ui/choices.tsx';
import { SelectField } from '../../ui/field.tsx';
import { useZone } from '../../ui/zone.ts';
import { frame } from '../../words/frame.ts';
import { words } from './words.ts';

/** How this browser shows the console. */
export function AppearancePanel() {
  const [theme, setTheme] = useTheme();
  const [density, setDensity] = useDensity();
  const [zone, setZone] = useZone();
  const choices = themes.map((value) => ({ value, label: frame.themes[value] }));
  return (
    <section className="space-y-4 rounded-card border border-line bg-surface p-4">
      <h2 className="text-h2 font-semibold">{words.appearance}</h2>
      <RadioCards
        legend={frame.theme}
        columns={3}
        choices={choices}
        value={theme}
        onChange={(next) => setTheme(themes.find((one) => one === next) ?? 'system')}
      />
      <Switch
        label={words.compact}
        hint={words.compactHint}
        isOn={density === 'compact'}
        onChange={(isOn) => setDensity(isOn ? 'compact' : 'comfortable')}
      />
      <SelectField
        label={words.times}
        value={zone}
        onChange={(next) => setZone(next === 'UTC' ? 'UTC' : 'local')}
        choices={[
          { value: 'local', label: words.local },
          { value: 'UTC', label: 'UTC' },
        ]}
      />
    </section>
  );
}
