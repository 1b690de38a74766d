import { Link } from '@tanstack/react-router';
import { OctagonX } from 'lucide-react';
import type { ReactNode } from 'react';
import { asProblem, type Problem } from '../api/problem.ts';
import { formatTime } from '../words/format.ts';
import { ui } from '../words/ui.ts';
import { Button } from './button.tsx';
import { CopyButton } from './copy-button.tsx';

/** What failed, what it means, what to do, its code; and what a report about it needs. */
export function ProblemNotice({
  problem,
  isOwnAction = false,
  children,
}: {
  problem: Problem;
  /** The person has just done what failed, so it is said at once. */
  isOwnAction?: boolean;
  /** Further buttons. */
  children?: ReactNode;
}) {
  const { title, next, code, lines, errors } = problem;
  // A sentence of the API begins with the title, which stands above it.
  const says = problem.says.startsWith(`${title}. `) ? problem.says.slice(title.length + 2) : problem.says;
  return (
    <div
      role={isOwnAction ? 'alert' : undefined}
      className="prose-width rounded-card border border-crit bg-crit-bg p-4"
    >
      <p className="flex items-center gap-2 font-semibold">
        <OctagonX aria-hidden size={16} className="shrink-0 text-crit" />
        {title}
      </p>
      {says !== title && <p className="mt-1 break-words">{says}</p>}
      {lines.map((line) => (
        <p key={line} className="mt-1 font-mono text-sm break-words whitespace-pre-wrap">
          {line}
        </p>
      ))}
      {errors.length > 1 && (
        <ul className="mt-1 list-disc pl-5">
          {errors.map((one) => (
            <li key={`${one.field} ${one.reason}`}>
              {one.field === '' ? one.reason : `${one.field}: ${one.reason}`} {one.next}
            </li>
          ))}
        </ul>
      )}
      {next !== '' && (
        <p className="mt-1 break-words">
          <span className="font-medium">{ui.next}</span> {next}
        </p>
      )}
      <div className="mt-3 flex flex-wrap items-center gap-3">
        {children}
        <CopyButton text={detailsOf(problem)} label={ui.copyDetails} />
        {isCode(code) && (
          <Link to="/errors/$code" params={{ code }} className="text-accent underline">
            {code}
          </Link>
        )}
      </div>
    </div>
  );
}

/** What a part of a screen could not read, with the button that reads it again. */
export function QueryProblem({
  query,
}: {
  query: { error: unknown; isFetching: boolean; refetch: () => unknown };
}) {
  return (
    <ProblemNotice problem={asProblem(query.error)}>
      <Button isBusy={query.isFetching} onClick={() => void query.refetch()}>
        {ui.tryAgain}
      </Button>
    </ProblemNotice>
  );
}

/** The SQLSTATE of a person's own query has no entry in the catalogue. */
const isCode = (code: string) => /^[A-Z]{2,5}-\d\d$/.test(code);

function detailsOf({ code, title, status, requestId, at }: Problem): string {
  const facts = [
    code !== '' && `code ${code}`,
    title,
    `status ${status}`,
    `at ${formatTime(at, 'UTC')}`,
    requestId !== '' && `request ${requestId}`,
  ];
  return facts.filter(Boolean).join('\n');
}
