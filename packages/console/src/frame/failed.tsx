import { type ErrorComponentProps, useRouter } from '@tanstack/react-router';
import { asProblem } from '../api/problem.ts';
import { Button, LinkButton } from '../ui/button.tsx';
import { Loading } from '../ui/panel.tsx';
import { ProblemNotice } from '../ui/problem-notice.tsx';
import { Screen } from '../ui/screen.tsx';
import { frame } from '../words/frame.ts';
import { ui } from '../words/ui.ts';
import { PlainPage } from './plain-frame.tsx';

/** A screen that cannot be shown at all. */
export function Failed({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  const problem = asProblem(error);
  const again = () => {
    reset();
    void router.invalidate();
  };
  return (
    <PlainPage>
      <Screen title={problem.title}>
        <ProblemNotice problem={problem}>
          <Button onClick={again}>{ui.tryAgain}</Button>
        </ProblemNotice>
      </Screen>
    </PlainPage>
  );
}

export function NotFound() {
  return (
    <PlainPage>
      <Screen title={frame.nothingHere}>
        <p>{frame.nothingHereSays}</p>
        <LinkButton to="/syncs">{frame.allSyncs}</LinkButton>
      </Screen>
    </PlainPage>
  );
}

/** While it is not known who is signed in. Nothing else has been asked for yet, so a reload loses nothing. */
export function Pending() {
  return (
    <main id="content" className="mx-auto max-w-3xl p-6">
      <h1 className="mb-6 text-h2 font-semibold sm:text-h1">{frame.loading}</h1>
      <Loading rem={16} onRetry={() => location.reload()} />
    </main>
  );
}
