import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type Activity, errorQuery } from '../../api/queries.ts';
import { Button, LinkButton } from '../../ui/button.tsx';
import { Facts } from '../../ui/facts.tsx';
import { QueryProblem } from '../../ui/problem-notice.tsx';
import { formatCount } from '../../words/format.ts';
import type { ActivityFilters } from './activity-query.ts';
import { words } from './words.ts';

const aroundMs = 600_000;

/** What is known about an entry, what its code means, and ways on from there. */
export function ActivityDetails({
  entry,
  sync,
  onFilter,
}: {
  entry: Activity;
  sync: string;
  onFilter: (next: Partial<ActivityFilters>) => void;
}) {
  const { at, before, event, kind, object, done, code, detail, rows, times, who } = entry;
  const around = (ms: number) => new Date(Date.parse(at) + ms).toISOString();
  return (
    <div className="space-y-4">
      {code !== null && <Meaning code={code} />}
      <Facts
        facts={[
          done === null ? null : [words.done, done],
          ...(kind === 'state' && before !== null
            ? ([
                [words.before, before],
                [words.after, event],
              ] as const)
            : []),
          detail === null ? null : [words.detail, <code key="detail">{detail}</code>],
          rows === null ? null : [words.rows, formatCount(rows)],
          times > 1 ? [words.howOften, words.times(times)] : null,
          [words.who, who ?? words.itself],
        ]}
      />
      <div className="flex flex-wrap gap-2">
        {object !== null && (
          <>
            <LinkButton to="/syncs/$sync/objects/$object" params={{ sync, object }}>
              {words.openObject(object)}
            </LinkButton>
            <Button onClick={() => onFilter({ object })}>{words.onlyObject(object)}</Button>
          </>
        )}
        {code !== null && <Button onClick={() => onFilter({ code })}>{words.onlyCode(code)}</Button>}
        <Button onClick={() => onFilter({ since: around(-aroundMs), until: around(aroundMs) })}>
          {words.aroundThen}
        </Button>
      </div>
    </div>
  );
}

function Meaning({ code }: { code: string }) {
  const query = useQuery(errorQuery(code));
  const { data } = query;
  if (query.isError) return <QueryProblem query={query} />;
  return (
    <div className="prose-width min-h-24 space-y-2">
      {data && (
        <>
          <p>
            <Link to="/errors/$code" params={{ code }} className="font-semibold text-accent underline">
              {code}
            </Link>{' '}
            <span className="font-semibold">{data.title}</span>
          </p>
          <p>{data.explanation}</p>
          <p>
            <span className="font-semibold">{words.next}:</span> {data.next || words.noNext}
          </p>
        </>
      )}
    </div>
  );
}
