import { useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import { type Column, columnsQuery } from '../../api/figures.ts';
import type { SyncObject } from '../../api/queries.ts';
import { Checkbox } from '../../ui/choices.tsx';
import { Panel } from '../../ui/panel.tsx';
import { type Family, Pill } from '../../ui/pill.tsx';
import { Section } from '../../ui/section.tsx';
import { DataTable, type TableColumn } from '../../ui/table.tsx';
import { Age } from '../../ui/time.tsx';
import { useSearchText } from '../../ui/use-search-text.ts';
import { words } from './words.ts';

const families: Record<Column['state'], Family> = {
  mirrored: 'good',
  filling: 'working',
  hidden: 'gaps',
  'left out': 'resting',
};

const tableColumns: readonly TableColumn<Column>[] = [
  {
    id: 'column',
    label: words.columnName,
    width: '20%',
    value: ({ column_name: name }) => name,
    cell: ({ column_name: name }) => <code className="font-mono text-sm break-all">{name}</code>,
  },
  {
    id: 'type',
    label: words.columnType,
    width: '20%',
    value: ({ column_type: type }) => type,
    cell: ({ column_type: type }) => <span className="break-words">{type ?? words.removedColumn}</span>,
  },
  {
    id: 'state',
    label: words.columnState,
    width: '17%',
    value: (column) => stateWord(column),
    cell: (column) => (
      <span className="flex flex-wrap items-center gap-2">
        {column.state === 'mirrored' ? (
          <span className="text-muted">{stateWord(column)}</span>
        ) : (
          <Pill word={stateWord(column)} family={families[column.state]} />
        )}
        {column.since !== null && (
          <span className="text-sm text-muted">
            <Age at={column.since} />
          </span>
        )}
      </span>
    ),
  },
  {
    id: 'field',
    label: words.field,
    width: '18%',
    value: ({ field }) => field,
    cell: ({ field }) => <span className="break-all">{field}</span>,
  },
  { id: 'field-type', label: words.fieldType, width: '11%', value: ({ field_type: type }) => type },
  {
    id: 'note',
    label: words.note,
    width: '14%',
    value: (column) => noteOf(column),
    cell: (column) => {
      const note = noteOf(column);
      return note !== '' && <span className="text-sm break-words text-muted">{note}</span>;
    },
  },
];

/** A field that has another type now is filling, in a column beside the one with its earlier values. */
const stateWord = ({ state, replaces }: Column): string =>
  replaces === null ? words.columnStates[state] : words.retyped;

function noteOf({ note, replaces, is_formula: isFormula, refers_to: refersTo }: Column): string {
  const notes = [
    replaces !== null && words.replaces(replaces),
    note,
    isFormula && words.formula,
    refersTo.length > 0 && words.refersTo(refersTo.slice(0, 3).join(', ')),
  ];
  return notes.filter(Boolean).join('; ');
}

/** Each column with its field, and whether it has the values of now. */
export function ColumnsTab({ sync, object }: { sync: string; object: SyncObject }) {
  const query = useQuery(columnsQuery(sync, object.sobject));
  const [only, setOnly] = useSearchText('columns');
  const { refetch } = query;
  const hidden = JSON.stringify(object.hidden_fields);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is hidden or filling has changed, and columns with it
  useEffect(() => void refetch(), [hidden, refetch]);
  return (
    <div className="space-y-6">
      <Panel
        title={words.columnsTitle}
        query={query}
        isEmpty={({ columns }) => columns.length === 0}
        empty={<p>{words.columnsEmpty}</p>}
        skeletonRem={24}
        actions={
          <Checkbox
            label={words.onlyOther}
            isOn={only === 'other'}
            onChange={(isOn) => setOnly(isOn ? 'other' : '')}
          />
        }
      >
        {({ columns }) => {
          const shown = columns.filter(({ state }) => only !== 'other' || state !== 'mirrored');
          if (shown.length === 0) return <p className="text-muted">{words.allMirrored}</p>;
          return (
            <DataTable
              caption={words.columnsTitle}
              rows={shown}
              columns={tableColumns}
              keyOf={({ column_name: name }) => name}
              hasFilter
            />
          );
        }}
      </Panel>
      <WithoutValue fields={object.fields_without_value} />
    </div>
  );
}

function WithoutValue({ fields }: { fields: SyncObject['fields_without_value'] }) {
  if (fields.length === 0) return null;
  return (
    <Section title={words.withoutValue}>
      <DataTable
        caption={words.withoutValue}
        rows={fields}
        keyOf={({ field }) => field}
        columns={[
          { id: 'field', label: words.field, width: '30%', value: ({ field }) => field },
          { id: 'type', label: words.fieldType, width: '20%', value: ({ type }) => type },
          { id: 'note', label: words.note, width: '50%', value: ({ note }) => note },
        ]}
      />
    </Section>
  );
}
