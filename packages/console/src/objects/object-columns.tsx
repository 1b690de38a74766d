import { Link } from '@tanstack/react-router';
import type { OrgCounts, Usage } from '../api/figures.ts';
import type { SyncObject } from '../api/queries.ts';
import { Pill } from '../ui/pill.tsx';
import type { TableColumn } from '../ui/table.tsx';
import { Age } from '../ui/time.tsx';
import { formatCount } from '../words/format.ts';
import { Behind } from './behind.tsx';
import { CopyProgress, isCopying } from './copy-progress.tsx';
import { words } from './words.ts';

type Columns = readonly TableColumn<SyncObject>[];

/** What needs somebody comes first. */
const order: readonly SyncObject['state'][] = [
  'stopped',
  'rows_missing',
  'behind',
  'limited',
  'backfilling',
  'columns',
  'queued',
  'paused',
  'current',
];

const nameAndState = (sync: string): Columns => [
  {
    id: 'object',
    label: words.object,
    width: '17%',
    value: ({ sobject }) => sobject,
    cell: ({ sobject }) => (
      <Link
        to="/syncs/$sync/objects/$object"
        params={{ sync, object: sobject }}
        className="font-medium break-words text-accent hover:underline"
      >
        {sobject}
      </Link>
    ),
  },
  {
    id: 'state',
    label: words.state,
    width: '14%',
    // Sorted by a letter for the place in the order, which no filter finds by accident.
    value: ({ state, state_word: word }) => `${String.fromCodePoint(0xe000 + order.indexOf(state))}${word}`,
    cell: ({ state_word: word, family }) => <Pill word={word} family={family} />,
  },
];

const behind: TableColumn<SyncObject> = {
  id: 'behind',
  label: words.behind,
  width: '11%',
  value: ({ read_until: at }) => (at === null ? null : `-${at}`),
  cell: (object) => <Behind object={object} />,
};

/** While something is copied: how far, how fast, how long still, and by which of Salesforce's ways. */
const whileCopying: Columns = [
  {
    id: 'rows',
    label: words.copied,
    isNumber: true,
    width: '24%',
    value: ({ rows }) => rows,
    cell: (object) => <CopyProgress object={object} />,
  },
  {
    id: 'rate',
    label: words.rate,
    isNumber: true,
    width: '10%',
    value: ({ backfill }) => backfill?.rows_per_minute ?? null,
    cell: ({ backfill }) => (
      <span className="tabular-nums">
        {backfill?.rows_per_minute == null ? words.none : formatCount(backfill.rows_per_minute)}
      </span>
    ),
  },
  {
    id: 'left',
    label: words.timeLeft,
    width: '13%',
    value: (object) => object.backfill?.seconds_left ?? (isCopying(object) ? Number.MAX_SAFE_INTEGER : 0),
    cell: (object) => object.backfill?.time_left ?? (isCopying(object) ? words.queued : words.none),
  },
  {
    id: 'by',
    label: words.readBy,
    width: '13%',
    value: ({ backfill_by: by }) => (by === null ? null : words.methods[by]),
    cell: ({ backfill_by: by, backfill_reason: reason }) => (
      <>
        {by === null ? words.none : words.methods[by]}
        {reason !== null && <span className="block text-xs text-muted">{reason}</span>}
      </>
    ),
  },
  { ...behind, width: '10%' },
];

interface Figures {
  counts: OrgCounts | undefined;
  shares: Usage['shares'] | undefined;
}

const whenCopied = ({ counts, shares }: Figures): Columns => [
  behind,
  {
    id: 'rows',
    label: words.rows,
    isNumber: true,
    width: '13%',
    value: ({ rows }) => rows,
    cell: ({ rows }) => <span className="tabular-nums">{formatCount(rows)}</span>,
  },
  {
    id: 'source',
    label: words.inSalesforce,
    isNumber: true,
    width: '15%',
    value: ({ sobject }) => counts?.records.get(sobject) ?? null,
    cell: ({ sobject }) => {
      const records = counts?.records.get(sobject);
      return (
        <span className="tabular-nums">{records === undefined ? words.none : words.about(records)}</span>
      );
    },
  },
  {
    id: 'proven',
    label: words.proven,
    width: '15%',
    value: ({ counts_verified_at: at }) => at,
    cell: ({ counts_verified_at: at }) =>
      at === null ? <span className="text-muted">{words.notYet}</span> : <Age at={at} />,
  },
  {
    id: 'requests',
    label: words.requests,
    isNumber: true,
    width: '15%',
    value: ({ sobject }) => requestsOf(shares, sobject),
    cell: ({ sobject }) => {
      const requests = requestsOf(shares, sobject);
      return (
        <span className="tabular-nums">
          {requests === null || !shares
            ? words.none
            : words.share(requests, (100 * requests) / Math.max(1, shares.total))}
        </span>
      );
    },
  },
];

const requestsOf = (shares: Usage['shares'] | undefined, name: string): number | null =>
  shares?.objects.find(({ sobject }) => sobject === name)?.requests ?? null;

/** @param copies  something is being copied, so that progress matters more than the age */
export const objectColumns = (sync: string, copies: boolean, figures: Figures): Columns => [
  ...nameAndState(sync),
  ...(copies ? whileCopying : whenCopied(figures)),
];
