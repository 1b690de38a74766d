import { Link } from '@tanstack/react-router';
import { Check } from 'lucide-react';
import { useDraft } from './draft.ts';
import { type Step, steps, words } from './words.ts';

const numberClass =
  'inline-flex size-6 shrink-0 items-center justify-center rounded-full border text-sm font-medium';

/** All steps: those that are done, the one that is open, and those that wait for it. */
export function StepList({ step, openUntil }: { step: Step; openUntil: number }) {
  // A step whose usual answers would do is not done before somebody has seen them.
  const reached = Math.min(useDraft().reached, openUntil);
  return (
    <nav aria-label={words.steps}>
      <p className="text-muted sm:hidden" aria-hidden>
        {words.step(steps.indexOf(step) + 1)}
      </p>
      <ol className="mt-1 flex flex-wrap gap-x-4 gap-y-1 border-b border-line pb-3 sm:mt-0 sm:gap-x-6">
        {steps.map((one, index) => (
          <li key={one}>
            <StepItem
              step={one}
              number={index + 1}
              isCurrent={one === step}
              isDone={index < reached}
              isOpen={index <= reached}
            />
          </li>
        ))}
      </ol>
    </nav>
  );
}

function StepItem({
  step,
  number,
  isCurrent,
  isDone,
  isOpen,
}: {
  step: Step;
  number: number;
  isCurrent: boolean;
  isDone: boolean;
  isOpen: boolean;
}) {
  const colour = isCurrent
    ? 'border-accent bg-accent text-on-accent'
    : isDone
      ? 'border-ok bg-ok-bg text-ok'
      : 'border-control text-muted';
  const content = (
    <>
      <span aria-hidden className={`${numberClass} ${colour}`}>
        {isDone && !isCurrent ? <Check size={14} /> : number}
      </span>
      <span className={isCurrent ? '' : 'max-sm:sr-only'}>{words.names[step]}</span>
      {isDone && !isCurrent && <span className="sr-only">, {words.done}</span>}
      {!isOpen && <span className="sr-only">, {words.notOpen}</span>}
    </>
  );
  const shape = 'inline-flex min-h-8 items-center gap-2';
  if (!isOpen) return <span className={`${shape} text-muted`}>{content}</span>;
  return (
    <Link
      to="/syncs/new/$step"
      params={{ step }}
      aria-current={isCurrent ? 'step' : undefined}
      className={`${shape} text-text no-underline hover:underline ${isCurrent ? 'font-semibold' : ''}`}
    >
      {content}
    </Link>
  );
}
