import { useNavigate } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { Button, LinkButton } from '../../ui/button.tsx';
import { type Step, steps, words } from './words.ts';

/** The end of each step: back to the one before, and on. */
export function StepButtons({
  step,
  canContinue,
  children,
}: {
  step: Step;
  canContinue: boolean;
  /** What goes on, if that is more than the next step. */
  children?: ReactNode;
}) {
  const navigate = useNavigate();
  const at = steps.indexOf(step);
  const [before, after] = [steps[at - 1], steps[at + 1]];
  return (
    <div className="flex flex-wrap items-center gap-3">
      {before && (
        <LinkButton to="/syncs/new/$step" params={{ step: before }}>
          {words.back}
        </LinkButton>
      )}
      {children ??
        (after && (
          <Button
            look="primary"
            disabled={!canContinue}
            onClick={() => void navigate({ to: '/syncs/new/$step', params: { step: after } })}
          >
            {words.next}
          </Button>
        ))}
    </div>
  );
}

/** A part of a step. */
export function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section aria-label={title} className="space-y-4 rounded-card border border-line bg-surface p-4">
      <h2 className="text-lead font-semibold">{title}</h2>
      {children}
    </section>
  );
}
