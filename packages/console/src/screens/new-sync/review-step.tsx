import { Link } from '@tanstack/react-router';
import { useEffect } from 'react';
import { CodeBlock } from '../../ui/code-block.tsx';
import { TextField } from '../../ui/field.tsx';
import { ProblemNotice } from '../../ui/problem-notice.tsx';
import { formatCount } from '../../words/format.ts';
import { useCopyFigures } from './budget-step.tsx';
import { budget } from './budget-words.ts';
import { CheckedAge } from './checked-age.tsx';
import { connect } from './connect-words.ts';
import { CreateSync } from './create-sync.tsx';
import { changeDraft, useDraft } from './draft.ts';
import { intervalOf, readEveryMs, requestsPerDay } from './pace.ts';
import { leftOutOf, loginUrl, newSyncOf, useFullCheck, useOrgCheck } from './requests.ts';
import { review } from './review-words.ts';
import { Part, StepButtons } from './step-frame.tsx';
import { syncFile } from './sync-file.ts';
import type { Step } from './words.ts';

/** So long nothing is typed before the answers are checked. */
const restMs = 700;

export function ReviewStep() {
  const draft = useDraft();
  const org = useOrgCheck().result;
  const dailyMax = org?.daily_requests?.max ?? null;
  const check = useFullCheck(dailyMax);
  const { result, problem, run } = check;
  const hasName = draft.name.trim() !== '';
  useEffect(() => {
    if (org && draft.name === '')
      changeDraft({ name: suitedName(org.name ?? new URL(org.instance_url).host) });
  }, [org, draft.name]);

  const isUnchecked = hasName && check.at === null && !check.isBusy;
  // biome-ignore lint/correctness/useExhaustiveDependencies: each letter of the name begins the rest anew
  useEffect(() => {
    if (!isUnchecked) return undefined;
    const timer = setTimeout(() => void run(), restMs);
    return () => clearTimeout(timer);
  }, [isUnchecked, draft.name]);

  const columns = result?.objects.reduce((sum, one) => sum + one.columns, 0) ?? 0;
  const isOfName = problem?.of('name') != null;
  return (
    <div className="space-y-6">
      <Part title={review.called}>
        <TextField
          id="name"
          label={review.name}
          hint={review.nameHint}
          autoComplete="off"
          value={draft.name}
          onChange={(name) => changeDraft({ name })}
          error={hasName ? problem?.of('name')?.reason : review.noName}
        />
      </Part>
      <Answers dailyMax={dailyMax} />
      <Part title={review.verdict}>
        <p>
          {result ? `${review.ready} ${review.tables(result.objects.length, columns)}` : review.verdictSays}
        </p>
        {hasName && <CheckedAge check={check} isAutomatic onCheck={() => void run()} />}
        {problem && !(isOfName && problem.errors.length === 1) && (
          <ProblemNotice problem={problem} isOwnAction />
        )}
        <details>
          <summary className="min-h-6 text-accent">{review.file}</summary>
          <p className="my-2">{review.fileSays}</p>
          <CodeBlock
            code={JSON.stringify(syncFile(newSyncOf(draft, dailyMax)), null, 2)}
            label={review.fileLabel}
          />
        </details>
      </Part>
      <StepButtons step="review" canContinue={false}>
        <CreateSync request={newSyncOf(draft, dailyMax)} canStart={result !== null} />
      </StepButtons>
    </div>
  );
}

/** What the API takes as a name, of what the org is called. */
const suitedName = (orgName: string): string =>
  orgName
    .replaceAll(/[^A-Za-z0-9._ -]+/g, ' ')
    .replace(/^[^A-Za-z0-9]+/, '')
    .trim()
    .slice(0, 60) || 'salesforce';

function Answers({ dailyMax }: { dailyMax: number | null }) {
  const draft = useDraft();
  const { records, requests, objects } = useCopyFigures();
  const intervalMs = intervalOf(draft.everySeconds, dailyMax) ?? 0;
  const perDay = requestsPerDay(intervalMs);
  const leftOut = leftOutOf(draft);
  const lines: readonly (readonly [string, string, Step])[] = [
    [review.org, loginUrl(draft), 'connect'],
    [review.signIn, connect.flows[draft.flow].label, 'connect'],
    [review.objects, (draft.objects ?? []).join(', '), 'objects'],
    ...(leftOut.length === 0 ? [] : [[review.leftOut, leftOut.join(', '), 'objects'] as const]),
    [
      review.pace,
      review.paceSays(
        intervalMs / 1_000,
        formatCount(perDay),
        dailyMax === null ? null : (perDay / dailyMax) * 100,
        draft.stopAtPercent,
      ),
      'budget',
    ],
    [review.freshness, budget.readEvery(objects, readEveryMs(objects, intervalMs)), 'budget'],
    [review.firstCopy, budget.copy(records, requests, requests * intervalMs), 'budget'],
    [review.destination, placeOf(draft), 'destination'],
  ];
  return (
    <Part title={review.answers}>
      <dl className="divide-y divide-line">
        {lines.map(([term, value, step]) => (
          <div
            key={term}
            className="grid grid-cols-[minmax(0,1fr)_auto] gap-x-4 gap-y-1 py-2 sm:grid-cols-[10rem_minmax(0,1fr)_auto]"
          >
            <dt className="text-muted">{term}</dt>
            <dd className="break-words max-sm:order-3 max-sm:col-span-2">{value}</dd>
            <dd>
              <Link
                to="/syncs/new/$step"
                params={{ step }}
                aria-label={review.change(term)}
                className="inline-block min-h-6 text-accent underline"
              >
                {review.changeShort}
              </Link>
            </dd>
          </div>
        ))}
      </dl>
    </Part>
  );
}

/** Without the login of its address. */
function placeOf({ destination, url, schema }: ReturnType<typeof useDraft>): string {
  if (destination === 'private') return review.private;
  const parsed = URL.parse(url.trim());
  return parsed ? `${parsed.host}${parsed.pathname}, ${schema}` : schema;
}
