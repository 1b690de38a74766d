import { useState } from 'react';
import { Switch } from '../../ui/choices.tsx';
import { controlClass, Field } from '../../ui/field.tsx';
import { ChangeForm, Failure } from './change-form.tsx';
import { SettingCard } from './setting-card.tsx';
import type { Settings } from './settings-query.ts';
import { useChange } from './use-change.ts';
import { words } from './words.ts';

/** What the tables have: fields left out, and foreign keys. */
export function TablesCard({ settings }: { settings: Settings }) {
  const change = useChange(settings.sync.id, words.foreignKeysNamed);
  return (
    <SettingCard id="tables" title={words.tables}>
      <FieldsForm settings={settings} />
      <hr className="border-line" />
      <Switch
        label={words.foreignKeys}
        hint={words.foreignKeysHint}
        isOn={change.pending?.foreign_keys ?? settings.sync.foreign_keys}
        onChange={(isOn) => void change.save({ foreign_keys: isOn }, settings)}
      />
      <Failure change={change} onTheirs={() => undefined} onSaved={() => undefined} />
    </SettingCard>
  );
}

const linesOf = (text: string) => [
  ...new Set(
    text
      .split(/[\n,]/)
      .map((line) => line.trim())
      .filter((line) => line !== ''),
  ),
];

function FieldsForm({ settings }: { settings: Settings }) {
  const [draft, setDraft] = useState<{ text: string; from: Settings } | null>(null);
  const change = useChange(settings.sync.id, words.fieldsNamed);
  const text = draft?.text ?? settings.sync.fields_left_out.join('\n');
  const discard = () => setDraft(null);
  const save = async () => {
    if (draft && (await change.save({ fields_left_out: linesOf(draft.text) }, draft.from))) discard();
  };
  const isChanged =
    draft !== null && linesOf(draft.text).join('\n') !== draft.from.sync.fields_left_out.join('\n');
  return (
    <ChangeForm change={change} isChanged={isChanged} onSave={() => void save()} onDiscard={discard}>
      <Field label={words.fields} hint={words.fieldsHint}>
        {(control) => (
          <textarea
            {...control}
            rows={Math.max(3, Math.min(10, text.split('\n').length + 1))}
            spellCheck={false}
            value={text}
            onChange={({ target }) => setDraft({ text: target.value, from: draft?.from ?? settings })}
            className={`${controlClass} font-mono`}
          />
        )}
      </Field>
    </ChangeForm>
  );
}
