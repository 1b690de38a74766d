import { ProblemNotice } from '../../ui/problem-notice.tsx';
import { Time } from '../../ui/time.tsx';
import { formatDuration } from '../../words/format.ts';
import { CheckList } from './check-list.tsx';
import { checkWords } from './check-words.ts';
import { CheckedAge } from './checked-age.tsx';
import type { Results } from './checks.ts';
import { useOrgCheck } from './requests.ts';
import { Part, StepButtons } from './step-frame.tsx';

export const mustFix = ({ checks }: Results['org']): boolean =>
  checks.some(({ state }) => state === 'must fix');

export function CheckStep() {
  const check = useOrgCheck();
  const { result, problem } = check;
  const again = <CheckedAge check={check} onCheck={() => void check.run()} />;
  return (
    <div className="space-y-6">
      {problem && <ProblemNotice problem={problem} isOwnAction />}
      {result && <OrgCard org={result} />}
      <Part title={checkWords.checks}>
        {again}
        {result && <CheckList label={checkWords.checks} checks={result.checks} />}
        {result && (result.hidden_fields?.length ?? 0) > 5 && (
          <details>
            <summary className="min-h-6 text-accent">
              {checkWords.hidden(result.hidden_fields?.length ?? 0)}
            </summary>
            <p className="mt-2 font-mono text-sm break-words">{result.hidden_fields?.join(', ')}</p>
          </details>
        )}
      </Part>
      {result && mustFix(result) && <p>{checkWords.mustFix}</p>}
      <StepButtons step="check" canContinue={result !== null && !mustFix(result)} />
    </div>
  );
}

function OrgCard({ org }: { org: Results['org'] }) {
  const { daily_requests: requests, synced_as: syncs, is_sandbox: isSandbox } = org;
  const kind =
    isSandbox === null ? checkWords.unknown : isSandbox ? checkWords.sandbox : checkWords.production;
  const facts = [
    [checkWords.name, org.name ?? checkWords.unknown],
    [checkWords.edition, org.edition ?? checkWords.unknown],
    [checkWords.kind, kind],
    [checkWords.user, org.user?.username ?? checkWords.unknown],
    [
      checkWords.requests,
      requests ? checkWords.requestsSay(requests.used, requests.max) : checkWords.unknown,
    ],
    [checkWords.id, <code className="font-mono">{org.org_id}</code>],
    [checkWords.instance, <code className="font-mono break-all">{org.instance_url}</code>],
    [checkWords.version, org.api_version],
    [checkWords.roundTrip, formatDuration(org.round_trip_ms)],
    ...(org.trial_ends_at === null
      ? []
      : [[checkWords.trialEnds, <Time key="ends" at={org.trial_ends_at} />] as const]),
  ] as const;
  return (
    <Part title={checkWords.org}>
      <dl className="grid gap-x-6 gap-y-3 sm:grid-cols-2 lg:grid-cols-3">
        {facts.map(([term, value]) => (
          <div key={term} className="min-w-0">
            <dt className="text-sm text-muted">{term}</dt>
            <dd className="break-words">{value}</dd>
          </div>
        ))}
      </dl>
      {syncs.length > 0 && (
        <p className="rounded-control bg-warn-bg px-3 py-2 text-warn">{checkWords.alreadySynced(syncs)}</p>
      )}
    </Part>
  );
}
