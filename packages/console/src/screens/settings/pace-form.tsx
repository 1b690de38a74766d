import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, bodyOf } from '../../api/client.ts';
import { TextField } from '../../ui/field.tsx';
import { formatCount } from '../../words/format.ts';
import { ChangeForm } from './change-form.tsx';
import { CostTable } from './cost-table.tsx';
import { dayMs, requestsPerDay } from './pace-costs.ts';
import type { Settings } from './settings-query.ts';
import { useChange } from './use-change.ts';
import { words } from './words.ts';

interface Draft {
  every: string;
  perDay: string;
  stopAt: string;
  /** As the settings were when the person began. */
  from: Settings;
}

const shownOf = (settings: Settings): Draft => ({
  every: String(settings.sync.interval_ms / 1_000),
  perDay: formatCount(requestsPerDay(settings.sync.interval_ms)),
  stopAt: String(settings.sync.stop_at_percent),
  from: settings,
});

/** Null: not a number in that range. */
function within(text: string, from: number, to: number): number | null {
  const value = Number(text.replaceAll(',', ''));
  return text.trim() !== '' && value >= from && value <= to ? value : null;
}

const [minMs, maxMs] = [200, 300_000];
const [fewest, most] = [requestsPerDay(maxMs), requestsPerDay(minMs)];

/** Interval and stop line, with what they cost in requests a day while they are typed. */
export function PaceForm({ settings }: { settings: Settings }) {
  const { sync } = settings;
  const [draft, setDraft] = useState<Draft | null>(null);
  const [isRefused, setRefused] = useState(false);
  const change = useChange(sync.id, words.pace);
  const usage = useQuery({
    queryKey: ['usage', sync.id],
    queryFn: ({ signal }) =>
      bodyOf(api.GET('/api/v1/syncs/{sync}/usage', { signal, params: { path: { sync: sync.id } } })),
  });
  const shown = draft ?? shownOf(settings);
  const edit = (next: Partial<Draft>) => setDraft({ ...shown, ...next });
  const seconds = within(shown.every, minMs / 1_000, maxMs / 1_000);
  const intervalMs = seconds === null ? null : Math.round(seconds * 1_000);
  const stopAt = within(shown.stopAt, 10, 100);
  const isChanged =
    draft !== null &&
    (intervalMs !== draft.from.sync.interval_ms || stopAt !== draft.from.sync.stop_at_percent);

  const save = async () => {
    setRefused(true);
    if (!draft || intervalMs === null || stopAt === null) return;
    const { interval_ms: formerMs, stop_at_percent: formerStop } = draft.from.sync;
    const wanted = {
      ...(intervalMs !== formerMs && { interval_ms: intervalMs }),
      ...(stopAt !== formerStop && { stop_at_percent: Math.round(stopAt) }),
    };
    if (await change.save(wanted, draft.from)) discard();
  };
  const discard = () => {
    setDraft(null);
    setRefused(false);
  };
  return (
    <ChangeForm change={change} isChanged={isChanged} onSave={() => void save()} onDiscard={discard}>
      <div className="grid gap-x-8 gap-y-4 lg:grid-cols-2">
        <PaceFields shown={shown} isRefused={isRefused} onChange={edit} />
        <CostTable
          query={usage}
          intervalMs={intervalMs}
          stopAtPercent={stopAt ?? sync.stop_at_percent}
          objects={sync.objects.length}
        />
      </div>
    </ChangeForm>
  );
}

function PaceFields({
  shown: { every, perDay, stopAt },
  isRefused,
  onChange,
}: {
  shown: Draft;
  isRefused: boolean;
  onChange: (next: Partial<Draft>) => void;
}) {
  const field = { autoComplete: 'off', inputMode: 'decimal' } as const;
  const isPace = within(every, minMs / 1_000, maxMs / 1_000) !== null;
  return (
    <div className="space-y-4">
      <TextField
        {...field}
        label={words.every}
        hint={words.everyHint}
        value={every}
        onChange={(text) => {
          const typed = within(text, minMs / 1_000, maxMs / 1_000);
          onChange({ every: text, perDay: typed === null ? '' : formatCount(requestsPerDay(typed * 1_000)) });
        }}
        error={isRefused && !isPace ? words.notInRange(minMs / 1_000, maxMs / 1_000) : null}
      />
      <TextField
        {...field}
        label={words.perDay}
        hint={words.perDayHint}
        value={perDay}
        onChange={(text) => {
          const typed = within(text, fewest, most);
          onChange({ perDay: text, every: typed === null ? '' : String(Math.ceil(dayMs / typed) / 1_000) });
        }}
      />
      <TextField
        {...field}
        label={words.stopAt}
        hint={words.stopAtHint}
        value={stopAt}
        onChange={(text) => onChange({ stopAt: text })}
        error={isRefused && within(stopAt, 10, 100) === null ? words.notInRange(10, 100) : null}
      />
    </div>
  );
}
