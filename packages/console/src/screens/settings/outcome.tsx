import type { Problem } from '../../api/problem.ts';
import { ProblemNotice } from '../../ui/problem-notice.tsx';

/** Of a press in a dialog that stays open: why it failed, or that a test has passed. */
export function Outcome({ problem, done }: { problem: Problem | null; done: string }) {
  return (
    <>
      {problem && <ProblemNotice problem={problem} isOwnAction />}
      <p role="status" className="font-medium text-ok empty:hidden">
        {done}
      </p>
    </>
  );
}
