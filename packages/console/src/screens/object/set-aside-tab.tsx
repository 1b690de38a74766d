import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { api, bodyOf } from '../../api/client.ts';
import { type SetAside, setAsideQuery } from '../../api/figures.ts';
import { asProblem, type Problem } from '../../api/problem.ts';
import type { SyncObject } from '../../api/queries.ts';
import { Button } from '../../ui/button.tsx';
import { Panel } from '../../ui/panel.tsx';
import { ProblemNotice } from '../../ui/problem-notice.tsx';
import { DataTable, type TableColumn } from '../../ui/table.tsx';
import { Age } from '../../ui/time.tsx';
import { toast } from '../../ui/toast.tsx';
import { useServerNow } from '../../ui/use-now.ts';
import { formatCount, formatDuration } from '../../words/format.ts';
import type { ObjectWork } from './use-object-work.ts';
import { words } from './words.ts';

type Row = SetAside['items'][number];

/** Lets all records of an object that are set aside be tried again. */
function useTryAll(sync: string, sobject: string, work: ObjectWork) {
  const [isSending, setSending] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const tryAll = async () => {
    setSending(true);
    setProblem(null);
    try {
      const params = { path: { sync } };
      const body = { objects: [sobject] };
      const { items } = await bodyOf(api.POST('/api/v1/syncs/{sync}/set-aside/retry', { params, body }));
      for (const one of items) {
        toast(words.retried(one.rows));
        work.follow(words.trying, one.operation_id);
      }
    } catch (error) {
      const failure = asProblem(error);
      // The sync has tried them itself meanwhile, and none is left.
      if (failure.status === 404) toast(words.setAsideEmpty);
      else setProblem(failure);
    } finally {
      setSending(false);
    }
  };
  return { isSending, problem, tryAll };
}

/** The records that the mirror cannot store as they are, and what tries them again. */
export function SetAsideTab({
  sync,
  object: { sobject, set_aside_rows: rows },
  work,
}: {
  sync: string;
  object: SyncObject;
  work: ObjectWork;
}) {
  const query = useQuery(setAsideQuery(sync, sobject));
  const { isSending, problem, tryAll } = useTryAll(sync, sobject, work);
  const { refetch } = query;
  // biome-ignore lint/correctness/useExhaustiveDependencies: there are more or fewer than when it was read
  useEffect(() => void refetch(), [rows, refetch]);
  const tryOne = (id: string) =>
    void work.start(words.trying, { kind: 'refetch', object: sobject, ids: [id] });
  return (
    <div className="space-y-3">
      {problem && <ProblemNotice problem={problem} isOwnAction />}
      <Panel
        title={words.setAsideTitle}
        query={query}
        isEmpty={({ items }) => items.length === 0}
        empty={<p className="text-muted">{words.setAsideEmpty}</p>}
        actions={
          rows > 0 && (
            <Button isBusy={isSending || work.run.isBusy} onClick={() => void tryAll()}>
              {words.tryAll}
            </Button>
          )
        }
      >
        {(found) => (
          <>
            <p className="prose-width mb-3 text-muted">
              {words.setAsideSays}{' '}
              {found.rows > found.items.length && words.firstOf(found.items.length, found.rows)}
            </p>
            <DataTable
              caption={words.setAsideTitle}
              rows={found.items}
              columns={columnsOf(tryOne, work.run.isBusy)}
              keyOf={({ id, column_name: column }) => `${id} ${column}`}
            />
          </>
        )}
      </Panel>
    </div>
  );
}

function NextTry({ at }: { at: string | null }) {
  const now = useServerNow(10_000);
  if (at === null) return null;
  const left = Date.parse(at) - now;
  return <time dateTime={at}>{left < 1_000 ? words.soon : words.in(formatDuration(left))}</time>;
}

const columnsOf = (onTry: (id: string) => void, isBusy: boolean): readonly TableColumn<Row>[] => [
  {
    id: 'id',
    label: words.recordId,
    width: '20%',
    value: ({ id }) => id,
    cell: ({ id }) => <code className="font-mono text-sm break-all">{id}</code>,
  },
  {
    id: 'reason',
    label: words.reason,
    width: '27%',
    value: ({ reason }) => reason,
    cell: ({ reason, code }) => (
      <>
        {reason}{' '}
        {/^[A-Z]+-\d\d$/.test(code) && (
          <Link to="/errors/$code" params={{ code }}>
            {code}
          </Link>
        )}
      </>
    ),
  },
  {
    id: 'column',
    label: words.column,
    width: '14%',
    value: ({ column_name: column }) => column ?? words.wholeRecord,
  },
  {
    id: 'first',
    label: words.firstSeen,
    width: '14%',
    value: ({ first_seen_at: at }) => at,
    cell: ({ first_seen_at: at }) => <Age at={at} />,
  },
  {
    id: 'tries',
    label: words.triesColumn,
    isNumber: true,
    width: '8%',
    value: ({ tries }) => tries,
    cell: ({ tries }) => formatCount(tries),
  },
  {
    id: 'retry',
    label: words.nextTry,
    width: '17%',
    isUnsorted: true,
    value: ({ retry_at: at }) => at,
    cell: ({ id, retry_at: at }) => (
      <span className="flex flex-wrap items-center gap-2">
        <NextTry at={at} />
        <Button isBusy={isBusy} onClick={() => onTry(id)}>
          {words.tryAgain} <span className="sr-only">{id}</span>
        </Button>
      </span>
    ),
  },
];
