import { Navigate, useParams } from '@tanstack/react-router';
import { type ReactNode, useEffect } from 'react';
import { Screen } from '../../ui/screen.tsx';
import { BudgetStep, isShare } from './budget-step.tsx';
import { CheckStep, mustFix } from './check-step.tsx';
import { ConnectStep } from './connect-step.tsx';
import { DestinationStep } from './destination-step.tsx';
import { changeDraft, readDraft, useDraft } from './draft.ts';
import { ObjectsStep } from './objects-step.tsx';
import { intervalOf } from './pace.ts';
import { useDestinationCheck, useObjectsCheck, useOrgCheck } from './requests.ts';
import { ReviewStep } from './review-step.tsx';
import { StepList } from './step-list.tsx';
import { type Step, steps, words } from './words.ts';

const screens: Record<Step, () => ReactNode> = {
  connect: ConnectStep,
  check: CheckStep,
  objects: ObjectsStep,
  budget: BudgetStep,
  destination: DestinationStep,
  review: ReviewStep,
};

export function NewSyncScreen() {
  const { step: given } = useParams({ strict: false });
  const step = steps.find((one) => one === given);
  const openUntil = useOpenUntil();
  const open = steps[openUntil] ?? 'connect';
  const at = step === undefined ? -1 : steps.indexOf(step);
  useEffect(() => {
    if (at <= openUntil && at > readDraft().reached) changeDraft({ reached: at });
  }, [at, openUntil]);
  if (step === undefined || at > openUntil)
    return <Navigate to="/syncs/new/$step" params={{ step: open }} replace />;
  const Content = screens[step];
  return (
    <Screen
      key={step}
      title={`${words.headings[step]} – ${words.title}`}
      heading={
        <>
          <span className="block text-base font-normal text-muted">{words.title} </span>
          {words.headings[step]}
        </>
      }
    >
      <StepList step={step} openUntil={openUntil} />
      <SecretsGone step={step} />
      <Content />
    </Screen>
  );
}

/** The first step that has not passed yet: none after it is open. */
function useOpenUntil(): number {
  const { objects, everySeconds, stopAtPercent, destination } = useDraft();
  const org = useOrgCheck();
  const chosen = useObjectsCheck();
  const place = useDestinationCheck();
  const passed: Record<Step, boolean> = {
    connect: org.result !== null,
    check: org.result !== null && !mustFix(org.result),
    objects: (objects?.length ?? 0) > 0 && chosen.result !== null,
    budget:
      intervalOf(everySeconds, org.result?.daily_requests?.max ?? null) !== null && isShare(stopAtPercent),
    destination: destination === 'private' || place.result?.passed === true,
    review: false,
  };
  return steps.findIndex((step) => !passed[step]);
}

/** Says why somebody who was further is at the first step again. */
function SecretsGone({ step }: { step: Step }) {
  const { objects, signIn, clientSecret, privateKey, refreshToken } = useDraft();
  const hasSecret = [signIn, clientSecret, privateKey, refreshToken].some((one) => one !== '');
  if (step !== 'connect' || objects === null || hasSecret) return null;
  return <p className="prose-width rounded-control bg-info-bg px-3 py-2">{words.secretsGone}</p>;
}
