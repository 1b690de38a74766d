import type { ReactNode } from 'react';

export type Fact = readonly [term: string, says: ReactNode];

/** Names with their values, in two columns. What is null is left out. */
export function Facts({ facts }: { facts: readonly (Fact | null)[] }) {
  return (
    <dl className="grid grid-cols-[fit-content(50%)_minmax(0,1fr)] items-baseline gap-x-6 gap-y-2 sm:grid-cols-[minmax(9rem,auto)_minmax(0,1fr)]">
      {facts
        .filter((fact) => fact !== null)
        .map(([term, says]) => (
          <div key={term} className="contents">
            <dt className="min-w-24 text-muted">{term}</dt>
            <dd className="min-w-0 break-words tabular-nums">{says}</dd>
          </div>
        ))}
    </dl>
  );
}
