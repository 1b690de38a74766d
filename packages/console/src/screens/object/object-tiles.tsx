import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { orgCountsQuery } from '../../api/figures.ts';
import type { SyncObject } from '../../api/queries.ts';
import { Behind, formatBehind } from '../../objects/behind.tsx';
import { CopyProgress, isCopying } from '../../objects/copy-progress.tsx';
import { Age } from '../../ui/time.tsx';
import { formatCount, formatRate } from '../../words/format.ts';
import { words } from './words.ts';

/** How fresh it is, and how many there are on each side, each figure with its age and its kind. */
export function ObjectTiles({ sync, object }: { sync: string; object: SyncObject }) {
  const { data: counts } = useQuery({ ...orgCountsQuery(sync), enabled: !isCopying(object) });
  const records = counts?.records.get(object.sobject);
  const { counts_verified_at: verified, target_seconds: target } = object;
  return (
    <dl className="grid grid-cols-2 gap-px overflow-hidden rounded-card border border-line bg-line md:grid-cols-4">
      {isCopying(object) ? (
        <CopyingTiles object={object} />
      ) : (
        <>
          <Tile term={words.behind} note={words.target(formatBehind(target))}>
            <Behind object={object} hasBar={false} />
          </Tile>
          <Tile term={words.rows} note={words.exact}>
            {formatCount(object.rows)}
          </Tile>
          <Tile
            term={words.inSalesforce}
            note={
              records === undefined ? (
                words.notTold
              ) : (
                <>
                  {words.estimated} <Age at={counts?.at ?? null} />
                </>
              )
            }
          >
            {records === undefined ? words.none : words.about(records)}
          </Tile>
          <Tile term={words.countsEqual} note={words.countsEqualSays}>
            {verified === null ? words.notYet : <Age at={verified} />}
          </Tile>
        </>
      )}
    </dl>
  );
}

function CopyingTiles({ object }: { object: SyncObject }) {
  const { backfill, backfill_by: by, backfill_reason: reason, state_word: word } = object;
  return (
    <>
      <Tile
        term={words.copying}
        note={by === null ? word : `${by === 'bulk' ? 'Bulk' : 'REST'} ${reason ?? ''}`}
      >
        {backfill?.time_left ?? word}
      </Tile>
      <Tile
        term={words.rows}
        note={backfill?.rows_per_minute == null ? '' : formatRate(backfill.rows_per_minute)}
      >
        <CopyProgress object={object} />
      </Tile>
      <Tile term={words.inSalesforce} note={words.estimated.replace(',', '')}>
        {object.rows_expected === null ? words.none : words.about(object.rows_expected)}
      </Tile>
      <Tile term={words.countsEqual} note={words.countsEqualSays}>
        {words.notYet}
      </Tile>
    </>
  );
}

function Tile({ term, note, children }: { term: string; note: ReactNode; children: ReactNode }) {
  return (
    <div className="flex min-w-0 flex-col bg-surface p-4">
      <dt className="text-sm text-muted">{term}</dt>
      <dd className="mt-1 text-lead font-semibold tabular-nums sm:text-h2">{children}</dd>
      <dd className="mt-1 min-h-10 text-sm text-muted tabular-nums sm:min-h-5">{note}</dd>
    </div>
  );
}
