import { useInfiniteQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useState } from 'react';
import { useSnapshot } from '../../frame/use-snapshot.ts';
import { Button } from '../../ui/button.tsx';
import { controlClass } from '../../ui/field.tsx';
import { Panel } from '../../ui/panel.tsx';
import { Screen } from '../../ui/screen.tsx';
import { DataTable, type TableColumn } from '../../ui/table.tsx';
import { formatCount } from '../../words/format.ts';
import { AddDialog } from './add-dialog.tsx';
import { type Kind, type OrgObject, orgObjectsQuery } from './org-objects.ts';
import { words } from './words.ts';

type Picked = ReadonlyMap<string, OrgObject>;

const kinds = Object.keys(words.kinds) as Kind[];
const searchWaitMs = 300;

/** The objects of the org that the sync does not mirror yet: found, chosen, and added together. */
export function AddObjects({ onDone }: { onDone: () => void }) {
  const { sync } = useSnapshot();
  const [search, setSearch] = useState('');
  const [only, setOnly] = useState<Kind>('possible');
  const [picked, setPicked] = useState<Picked>(new Map());
  const [isAsking, setAsking] = useState(false);
  const asked = useRested(search);
  const query = useInfiniteQuery(orgObjectsQuery(sync.id, asked, only));
  const found = useMemo(() => query.data?.pages.flatMap(({ items }) => items) ?? [], [query.data]);
  const columns = useMemo(() => columnsOf(sync.objects, picked, setPicked), [sync.objects, picked]);
  return (
    <Screen
      title={`${words.addTitle} – ${sync.name}`}
      heading={words.addTitle}
      actions={<Button onClick={onDone}>{words.back}</Button>}
    >
      <Search search={search} onSearch={setSearch} only={only} onOnly={setOnly} />
      <Panel
        title={words.orgObjects}
        query={query}
        isEmpty={({ pages }) => pages.every(({ items }) => items.length === 0)}
        empty={<p>{words.nothingFound}</p>}
        skeletonRem={24}
      >
        {() => (
          <>
            <DataTable
              caption={words.orgObjects}
              rows={found}
              columns={columns}
              keyOf={({ sobject }) => sobject}
            />
            {query.hasNextPage && (
              <div className="mt-3">
                <Button isBusy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
                  {words.more}
                </Button>
              </div>
            )}
          </>
        )}
      </Panel>
      <PickedBar picked={picked} onAdd={() => setAsking(true)} />
      <AddDialog
        sync={sync}
        picked={[...picked.values()]}
        isOpen={isAsking}
        onClose={() => setAsking(false)}
        onAdded={onDone}
      />
    </Screen>
  );
}

function Search({
  search,
  onSearch,
  only,
  onOnly,
}: {
  search: string;
  onSearch: (search: string) => void;
  only: Kind;
  onOnly: (only: Kind) => void;
}) {
  return (
    <div className="flex flex-wrap gap-3">
      <input
        type="search"
        aria-label={words.search}
        placeholder={words.search}
        data-shortcut="filter"
        value={search}
        onChange={({ target }) => onSearch(target.value)}
        className={`${controlClass} max-w-sm`}
      />
      <div className="w-48">
        <select
          aria-label={words.show}
          value={only}
          onChange={({ target }) => onOnly(kinds.find((kind) => kind === target.value) ?? 'possible')}
          className={controlClass}
        >
          {kinds.map((kind) => (
            <option key={kind} value={kind}>
              {words.kinds[kind]}
            </option>
          ))}
        </select>
      </div>
    </div>
  );
}

/** What was typed, once nothing has been typed for a moment. */
function useRested(text: string): string {
  const [rested, setRested] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setRested(text.trim()), searchWaitMs);
    return () => clearTimeout(timer);
  }, [text]);
  return rested;
}

function columnsOf(
  mirrored: readonly string[],
  picked: Picked,
  onPicked: (picked: Picked) => void,
): readonly TableColumn<OrgObject>[] {
  const pick = (object: OrgObject) => {
    const next = new Map(picked);
    if (!next.delete(object.sobject)) next.set(object.sobject, object);
    onPicked(next);
  };
  const noteOf = ({ sobject, unreadable }: OrgObject) =>
    mirrored.includes(sobject) ? words.isMirrored : unreadable;
  return [
    {
      id: 'pick',
      label: words.pick,
      isUnsorted: true,
      width: '8%',
      value: () => null,
      cell: (object) => (
        <input
          type="checkbox"
          aria-label={words.pickNamed(object.sobject)}
          checked={picked.has(object.sobject)}
          disabled={noteOf(object) !== null}
          onChange={() => pick(object)}
          className="size-6"
        />
      ),
    },
    { id: 'label', label: words.label, width: '27%', value: ({ label }) => label },
    {
      id: 'name',
      label: words.name,
      width: '27%',
      value: ({ sobject }) => sobject,
      cell: ({ sobject }) => <code className="font-mono text-sm break-all">{sobject}</code>,
    },
    {
      id: 'records',
      label: words.records,
      isNumber: true,
      width: '16%',
      value: ({ records }) => records,
      cell: ({ records }) => (records === null ? words.none : formatCount(records)),
    },
    {
      id: 'note',
      label: words.note,
      width: '22%',
      value: noteOf,
      cell: (object) => {
        const note = noteOf(object);
        return note && <span className="text-muted">{note}</span>;
      },
    },
  ];
}

function PickedBar({ picked, onAdd }: { picked: Picked; onAdd: () => void }) {
  const records = [...picked.values()].reduce((sum, one) => sum + (one.records ?? 0), 0);
  return (
    <div className="sticky bottom-0 z-10 flex flex-wrap items-center justify-between gap-3 rounded-card border border-control bg-surface p-3 shadow-lg">
      <p role="status" className="tabular-nums">
        {picked.size === 0 ? words.pickedNone : words.picked(picked.size, records)}
      </p>
      <Button look="primary" disabled={picked.size === 0} onClick={onAdd}>
        {words.addNamed(picked.size)}
      </Button>
    </div>
  );
}
