import { useNavigate } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import { Button } from '../ui/button.tsx';
import { frame } from '../words/frame.ts';

type Step = keyof typeof frame.tourSteps;
const steps = Object.keys(frame.tourSteps) as Step[];

const reducesMotion = () => matchMedia('(prefers-reduced-motion: reduce)').matches;

/**
 * A few steps, each beside a part of the overview that it outlines. It covers nothing for long, blocks nothing, and can be
 * left at any step.
 */
export default function Tour({ sync, onEnd }: { sync: string; onEnd: () => void }) {
  const [at, setAt] = useState(0);
  const navigate = useNavigate();
  const next = useRef<HTMLButtonElement>(null);
  const step = steps[at];
  const isLast = at === steps.length - 1;
  useEffect(() => {
    void navigate({ to: '/syncs/$sync', params: { sync } });
  }, [navigate, sync]);
  useEffect(() => {
    const target = document.querySelector(`[data-tour="${step}"]`);
    target?.setAttribute('data-tour-shown', '');
    target?.scrollIntoView({ block: 'center', behavior: reducesMotion() ? 'auto' : 'smooth' });
    if (at > 0) next.current?.focus({ preventScroll: true });
    return () => target?.removeAttribute('data-tour-shown');
  }, [at, step]);
  if (step === undefined) return null;
  return (
    <section
      aria-label={frame.tour}
      data-frame-keeps-focus
      className="right-of-page fixed bottom-4 left-4 z-30 max-w-sm rounded-card border border-control bg-surface p-4 text-text shadow-lg sm:left-auto"
    >
      <p className="text-sm text-muted tabular-nums">{frame.tourStep(at + 1, steps.length)}</p>
      <p className="mt-1" aria-live="polite">
        {frame.tourSteps[step]}
      </p>
      <div className="mt-3 flex flex-wrap justify-between gap-2">
        <Button look="quiet" onClick={onEnd}>
          {frame.tourSkip}
        </Button>
        <Button ref={next} look="primary" onClick={() => (isLast ? onEnd() : setAt(at + 1))}>
          {isLast ? frame.tourDone : frame.tourNext}
        </Button>
      </div>
    </section>
  );
}
