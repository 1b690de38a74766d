import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type Snapshot, type SyncObject, snapshotQuery } from '../../api/queries.ts';
import { useSnapshot } from '../../frame/use-snapshot.ts';
import { Panel } from '../../ui/panel.tsx';
import { Pill } from '../../ui/pill.tsx';
import { Progress } from '../../ui/progress.tsx';
import { Screen } from '../../ui/screen.tsx';
import { DataTable, type TableColumn } from '../../ui/table.tsx';
import { Age } from '../../ui/time.tsx';
import { formatCount } from '../../words/format.ts';
import { words } from './words.ts';

const columnsOf = (sync: string): readonly TableColumn<SyncObject>[] => [
  {
    id: 'object',
    label: words.object,
    value: ({ sobject }) => sobject,
    cell: ({ sobject }) => (
      <Link to="/syncs/$sync/objects/$object" params={{ sync, object: sobject }}>
        {sobject}
      </Link>
    ),
  },
  {
    id: 'state',
    label: words.state,
    value: ({ state_word: word }) => word,
    cell: ({ state_word: word, family }) => <Pill word={word} family={family} />,
  },
  {
    id: 'behind',
    label: words.behind,
    value: ({ read_until: at }) => at,
    cell: ({ read_until: at }) => <Age at={at} />,
  },
  {
    id: 'rows',
    label: words.rows,
    isNumber: true,
    value: ({ rows }) => rows,
    cell: (object) => <Rows object={object} />,
  },
];

function Rows({
  object: { sobject, rows, rows_expected: expected, backfill_percent: percent },
}: {
  object: SyncObject;
}) {
  if (expected === null || percent >= 100) return formatCount(rows);
  const says = words.progress(percent, rows, expected);
  return (
    <div className="ml-auto max-w-40">
      {formatCount(rows)}
      <Progress percent={percent} says={says} label={words.backfillOf(sobject)} />
    </div>
  );
}

export function OverviewScreen() {
  const { sync } = useSnapshot();
  const query = useQuery(snapshotQuery(sync.id));
  return (
    <Screen title={`${words.title} – ${sync.name}`} heading={sync.headline}>
      {sync.details.length > 0 && (
        <ul className="prose-width">
          {sync.details.map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
      )}
      <Panel title={words.objects} query={query}>
        {(snapshot) => <Objects snapshot={snapshot} />}
      </Panel>
    </Screen>
  );
}

function Objects({ snapshot: { sync, objects } }: { snapshot: Snapshot }) {
  return (
    <DataTable
      caption={words.objects}
      rows={objects}
      columns={columnsOf(sync.id)}
      keyOf={({ sobject }) => sobject}
      initialSort={{ id: 'object', desc: false }}
    />
  );
}
