import { Minus, Plus, TriangleAlert } from 'lucide-react';
import { type ReactNode, useEffect } from 'react';
import { announce } from '../../ui/announce.ts';
import { Button } from '../../ui/button.tsx';
import { TextField } from '../../ui/field.tsx';
import { budget } from './budget-words.ts';
import { changeDraft, useDraft } from './draft.ts';
import { useOrgObjects } from './org-objects.ts';
import {
  copyRequests,
  fastestSeconds,
  intervalOf,
  readEveryMs,
  requestsPerDay,
  secondsFor,
  slowestSeconds,
  suitedSeconds,
} from './pace.ts';
import { useOrgCheck } from './requests.ts';
import { Part, StepButtons } from './step-frame.tsx';

/** So long nothing is typed before the figures are read out. */
const restMs = 1_000;

export const isShare = (typed: string): boolean => {
  const share = Number(typed);
  return Number.isInteger(share) && share >= 10 && share <= 100;
};

export function BudgetStep() {
  const { everySeconds, stopAtPercent } = useDraft();
  const requests = useOrgCheck().result?.daily_requests ?? null;
  const max = requests?.max ?? null;
  const intervalMs = intervalOf(everySeconds, max);
  const share = intervalMs === null || max === null ? 0 : (requestsPerDay(intervalMs) / max) * 100;
  return (
    <div className="space-y-6">
      <Part title={budget.pace}>
        <Pace max={max} />
        {everySeconds === '' && max !== null && suitedSeconds(max) > suitedSeconds(null) && (
          <p>{budget.setTo((requestsPerDay(3_000) / max) * 100, suitedSeconds(max))}</p>
        )}
        {share > 50 && <Warning>{share > 100 ? budget.tooMuch(share) : budget.muchOfLimit(share)}</Warning>}
      </Part>
      {intervalMs !== null && <Figures intervalMs={intervalMs} />}
      <details className="rounded-card border border-line bg-surface p-4">
        <summary className="min-h-6 font-medium">{budget.advanced}</summary>
        <div className="mt-3">
          <TextField
            label={budget.stopAt}
            hint={budget.stopAtHint}
            inputMode="numeric"
            value={stopAtPercent}
            onChange={(next) => changeDraft({ stopAtPercent: next })}
            error={isShare(stopAtPercent) ? null : budget.noShare}
          />
        </div>
      </details>
      <StepButtons
        step="budget"
        canContinue={intervalMs !== null && isShare(stopAtPercent) && share <= 100}
      />
    </div>
  );
}

/** The same pace twice: as seconds between requests, and as requests a day. Each follows the other. */
function Pace({ max }: { max: number | null }) {
  const { everySeconds } = useDraft();
  const suited = String(suitedSeconds(max));
  const typed = everySeconds === '' ? suited : everySeconds;
  const intervalMs = intervalOf(everySeconds, max);
  const set = (next: string) => changeDraft({ everySeconds: next });
  const step = (by: 1 | -1) => {
    const seconds = (intervalMs ?? suitedSeconds(max) * 1_000) / 1_000;
    const size = seconds + Math.min(by, 0) < 1 ? 0.1 : 1;
    const next = Math.min(slowestSeconds, Math.max(fastestSeconds, seconds + by * size));
    set(String(Number(next.toFixed(1))));
  };
  return (
    <div className="flex flex-wrap items-end gap-x-6 gap-y-4">
      <div className="flex items-end gap-2">
        <Button aria-label={budget.faster} onClick={() => step(-1)}>
          <Minus aria-hidden size={16} />
        </Button>
        <TextField
          id="interval_ms"
          label={budget.every}
          inputMode="decimal"
          autoComplete="off"
          value={typed}
          onChange={set}
          error={intervalMs === null ? budget.noPace : null}
        />
        <Button aria-label={budget.slower} onClick={() => step(1)}>
          <Plus aria-hidden size={16} />
        </Button>
      </div>
      <TextField
        label={budget.perDay}
        inputMode="numeric"
        autoComplete="off"
        value={intervalMs === null ? '' : String(requestsPerDay(intervalMs))}
        onChange={(next) => {
          const perDay = Number(next.replaceAll(',', ''));
          if (perDay > 0) set(String(secondsFor(perDay)));
        }}
      />
    </div>
  );
}

function Warning({ children }: { children: ReactNode }) {
  return (
    <p className="flex items-start gap-2 rounded-control bg-warn-bg px-3 py-2 text-warn">
      <TriangleAlert aria-hidden size={16} className="mt-0.5 shrink-0" />
      {children}
    </p>
  );
}

export interface BudgetFigures {
  records: number;
  requests: number;
  objects: number;
}

/** Of the chosen objects, as far as Salesforce counts them. */
export function useCopyFigures(): BudgetFigures {
  const { objects: chosen } = useDraft();
  const { result: org, at } = useOrgCheck();
  const { data = [] } = useOrgObjects(`${org?.org_id} ${at}`);
  const names = new Set(chosen);
  const counts = data.filter(({ sobject }) => names.has(sobject)).map(({ records }) => records ?? 0);
  return {
    records: counts.reduce((sum, count) => sum + count, 0),
    requests: copyRequests(counts),
    objects: names.size,
  };
}

function Figures({ intervalMs }: { intervalMs: number }) {
  const requests = useOrgCheck().result?.daily_requests ?? null;
  const { records, requests: copied, objects } = useCopyFigures();
  const ours = requestsPerDay(intervalMs);
  const percent = (count: number) => (requests ? (count / requests.max) * 100 : 0);
  const left = requests ? Math.max(0, requests.max - requests.used - ours) : 0;
  const freshness = budget.readEvery(objects, readEveryMs(objects, intervalMs));
  useEffect(() => {
    const timer = setTimeout(() => announce(`${budget.requests(ours)}. ${freshness}`), restMs);
    return () => clearTimeout(timer);
  }, [ours, freshness]);
  const lines = [
    [budget.allows, requests ? budget.inDay(requests.max) : budget.unknown],
    ...(requests
      ? [
          [budget.usedByOthers, budget.ofLimit(requests.used, percent(requests.used))],
          [budget.ours, budget.ofLimit(ours, percent(ours))],
          [budget.left, budget.ofLimit(left, percent(left))],
        ]
      : [[budget.ours, budget.inDay(ours)]]),
    [budget.firstCopy, budget.copy(records, copied, copied * intervalMs)],
    [budget.freshness, freshness],
  ];
  return (
    <Part title={budget.figures}>
      {requests && <Bar used={percent(requests.used)} ours={percent(ours)} />}
      <dl className="grid gap-x-6 gap-y-2 sm:grid-cols-[12rem_minmax(0,1fr)]">
        {lines.map(([term, value]) => (
          <div key={term} className="contents">
            <dt className="text-muted max-sm:mt-1">{term}</dt>
            <dd className="tabular-nums">{value}</dd>
          </div>
        ))}
      </dl>
    </Part>
  );
}

/** The org's day: what is used, what the sync takes at most, and the rest. The lines below say the same in words. */
function Bar({ used, ours }: { used: number; ours: number }) {
  return (
    <div
      aria-hidden
      className="flex h-3 forced-color-adjust-none overflow-hidden rounded-full border border-control bg-sunken"
    >
      <div className="bg-control" style={{ width: `${Math.min(100, used)}%` }} />
      <div className="ml-px bg-accent" style={{ width: `${Math.min(100, ours)}%` }} />
    </div>
  );
}
