import type { SyncObject } from '../../api/queries.ts';
import { Notice } from '../../ui/notice.tsx';
import { Age } from '../../ui/time.tsx';
import { words } from './words.ts';

/** Why it is stopped, and which work on it fails, each with its next step. */
export function ObjectProblems({ object: { sobject, stopped, problems: all } }: { object: SyncObject }) {
  const problems = all.filter(({ code }) => code !== stopped?.code);
  if (!stopped && problems.length === 0) return null;
  return (
    <div className="space-y-2">
      {stopped && (
        <Notice
          look="stopped"
          title={words.stopped(sobject)}
          says={stopped.says}
          next={stopped.next}
          code={stopped.code}
        />
      )}
      {problems.map(({ kind, code, says, next, since, tries }) => (
        <Notice
          key={kind}
          look="gaps"
          title={
            <>
              {words.problemKinds(kind)} ({words.since} <Age at={since} />, {words.tries(tries)})
            </>
          }
          says={says}
          next={next}
          code={code}
        />
      ))}
    </div>
  );
}
