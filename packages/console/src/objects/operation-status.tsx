import { useEffect } from 'react';
import { isOver, type Operation } from '../api/operations.ts';
import { announce } from '../ui/announce.ts';
import { Button } from '../ui/button.tsx';
import { Notice } from '../ui/notice.tsx';
import { ProblemNotice } from '../ui/problem-notice.tsx';
import { formatDuration } from '../words/format.ts';
import type { OperationRun } from './use-operation.ts';
import { words } from './words.ts';

/** What has become of work that somebody has asked for: how far it is, and what it has found. */
export function OperationStatus({ what, run }: { what: string; run: OperationRun }) {
  const { operation, problem, withdraw } = run;
  const said = operation && isOver(operation) ? resultOf(operation).join(' ') : null;
  useEffect(() => {
    if (said !== null) announce(`${what}: ${said}`);
  }, [what, said]);
  if (problem) return <ProblemNotice problem={problem} isOwnAction />;
  if (!operation) return null;
  if (operation.fault) {
    const { code, says, next } = operation.fault;
    return <Notice look="stopped" title={what} says={says} next={next} code={code} isAlert />;
  }
  if (isOver(operation))
    return (
      <Notice
        look={operation.result?.set_aside.length ? 'gaps' : 'good'}
        title={what}
        says={resultOf(operation).join(' ')}
      />
    );
  return (
    <Notice look="note" title={what} says={progressOf(operation)}>
      <Button look="quiet" onClick={() => void withdraw()}>
        {words.withdraw}
      </Button>
    </Notice>
  );
}

function progressOf({ state, progress }: Operation): string {
  if (state === 'queued') return words.queuedOperation;
  if (!progress) return words.asked;
  const [only] = progress.objects;
  if (progress.of === 1 && only && only.of > 0) return words.runningRows(only.rows, only.of);
  return words.runningOperation(progress.done, progress.of);
}

function resultOf({ kind, result, took_ms: tookMs }: Operation): string[] {
  if (kind === 'keep' || kind === 'remove') return [words.decided[kind]];
  const { repairs = [], skipped = [], set_aside: aside = [] } = result ?? {};
  const found = [
    ...repairs.map(({ rows, kind }) => words.repaired(rows, kind)),
    ...skipped.map(({ object, reason }) => words.skipped(object, reason)),
    ...aside.map(({ rows, reason }) => words.stillAside(rows, reason)),
  ];
  return [words.doneIn(formatDuration(tookMs)), ...(found.length > 0 ? found : [words.noDifference])];
}
