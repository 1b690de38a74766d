import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, bodyOf } from '../../api/client.ts';
import { SelectField } from '../../ui/field.tsx';
import { QueryProblem } from '../../ui/problem-notice.tsx';
import { Time } from '../../ui/time.tsx';
import { ChangeForm } from './change-form.tsx';
import { SettingCard } from './setting-card.tsx';
import type { Settings } from './settings-query.ts';
import { useChange } from './use-change.ts';
import { words } from './words.ts';

export function VersionCard({ settings }: { settings: Settings }) {
  const { id, api_version: current, api_version_ends: ends } = settings.sync;
  const [draft, setDraft] = useState<{ version: string; from: Settings } | null>(null);
  const change = useChange(id, words.versionNamed);
  const query = useQuery({
    queryKey: ['API versions', id],
    staleTime: 60_000,
    queryFn: ({ signal }) =>
      bodyOf(api.GET('/api/v1/syncs/{sync}/api-versions', { signal, params: { path: { sync: id } } })),
  });
  const { data } = query;
  const known = data?.common ?? [];
  const discard = () => setDraft(null);
  const save = async () => {
    if (draft && (await change.save({ api_version: draft.version }, draft.from))) discard();
  };
  const choices = known.map(({ version, label }) => ({
    value: version,
    label: `${words.versionOf(version, label)}${version === data?.newest ? words.newest : ''}`,
  }));
  return (
    <SettingCard id="version" title={words.version} hint={words.versionHint}>
      {ends !== null && (
        <p>
          {words.ends}: <Time at={ends} />
        </p>
      )}
      {query.isError && <QueryProblem query={query} />}
      <ChangeForm
        change={change}
        isChanged={draft !== null && draft.version !== draft.from.sync.api_version}
        onSave={() => void save()}
        onDiscard={discard}
      >
        <SelectField
          label={words.version}
          value={draft?.version ?? current}
          onChange={(version) => setDraft({ version, from: draft?.from ?? settings })}
          choices={
            known.some(({ version }) => version === current)
              ? choices
              : [{ value: current, label: current }, ...choices]
          }
        />
      </ChangeForm>
    </SettingCard>
  );
}
