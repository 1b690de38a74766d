import { Link } from '@tanstack/react-router';
import { CircleCheck, OctagonX } from 'lucide-react';
import { formatDuration } from '../../words/format.ts';
import type { ProxyRequest, Trial, TrialOutcome } from './run-trial.ts';
import { words } from './words.ts';

const text = words.trial;

type Step = Trial['steps'][number];

/** Each step of a trial as it was measured, and what they say together. */
export function TrialResult({ outcome }: { outcome: TrialOutcome }) {
  const { trial, request, keyLeft } = outcome;
  return (
    <div className="space-y-3">
      <p className="font-medium">{saidOf(outcome)}</p>
      <ol className="divide-y divide-line border-y border-line">
        {trial.steps.map((step) => (
          <StepLine key={step.step} step={step} request={step.step === 'write' ? request : null} />
        ))}
      </ol>
      <p className="text-muted">{text.field(trial.field)}</p>
      {keyLeft !== null && <p className="font-medium text-crit">{text.keyLeft(keyLeft)}</p>}
    </div>
  );
}

function StepLine({ step, request }: { step: Step; request: ProxyRequest | null }) {
  const Icon = step.is_ok ? CircleCheck : OctagonX;
  const took = step.step === 'unchanged' ? '' : formatDuration(step.took_ms);
  return (
    <li className="grid grid-cols-[auto_1fr_auto] items-start gap-x-3 py-2 tabular-nums sm:grid-cols-[auto_14rem_5rem_1fr]">
      <Icon
        role="img"
        aria-label={step.is_ok ? text.ok : text.failed}
        size={16}
        className={`mt-0.5 ${step.is_ok ? 'text-ok' : 'text-crit'}`}
      />
      <span className="font-medium">{text.steps[step.step]}</span>
      <span className="text-right">{took}</span>
      <span className="col-start-2 col-end-4 min-w-0 break-words text-muted sm:col-auto">
        {[step.status, step.applied !== null && `Lockstep-Applied: ${step.applied}`, step.says]
          .filter((part) => part !== null && part !== false)
          .join(' · ')}
        {step.code !== null && <StepCode code={step.code} />}
        {request && <span className="block">{partsOf(request)}</span>}
      </span>
    </li>
  );
}

/** Of the time that the proxy has measured, without the way to it and back. */
function partsOf({ took_ms: all, salesforce_ms: theirs, read_back_ms: read, apply_ms: store }: ProxyRequest) {
  return text.parts(theirs, read, store, Math.max(0, all - theirs - read - store));
}

/** Salesforce's own codes have no entry in the catalogue. */
function StepCode({ code }: { code: string }) {
  if (!/^[A-Z]{2,5}-\d\d$/.test(code)) return <code className="ml-2">{code}</code>;
  return (
    <Link to="/errors/$code" params={{ code }} className="ml-2 text-accent underline">
      {code}
    </Link>
  );
}

/** The trial in a sentence or two. */
export function saidOf({ trial, request }: TrialOutcome): string {
  const write = trial.steps.find(({ step }) => step === 'write');
  const failed = trial.steps.find(({ is_ok: isOk }) => !isOk);
  if (failed === write && write?.applied === 'pending') return text.pending;
  if (failed || !write) return text.notDone(failed ? text.steps[failed.step] : '');
  const done = text.done(write.took_ms);
  if (!request) return done;
  return `${done} ${text.added(Math.max(0, request.took_ms - request.salesforce_ms))}`;
}
