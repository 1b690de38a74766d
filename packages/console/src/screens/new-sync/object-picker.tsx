import { useMemo, useState } from 'react';
import { Button } from '../../ui/button.tsx';
import { controlClass } from '../../ui/field.tsx';
import { DataTable, type TableColumn } from '../../ui/table.tsx';
import { useSearchText } from '../../ui/use-search-text.ts';
import { formatCount } from '../../words/format.ts';
import { changeDraft, readDraft, useDraft } from './draft.ts';
import { objectsWords } from './objects-words.ts';
import type { OrgObject } from './org-objects.ts';
import { useObjectsCheck } from './requests.ts';

type Filter = keyof typeof objectsWords.filters;

const passes: Record<Filter, (object: OrgObject, chosen: ReadonlySet<string>) => boolean> = {
  all: () => true,
  recommended: (object) => object.is_recommended,
  standard: (object) => !object.is_custom,
  custom: (object) => object.is_custom,
  chosen: ({ sobject }, chosen) => chosen.has(sobject),
  impossible: ({ unreadable }) => unreadable !== null,
};

function choose(object: string, isChosen: boolean): void {
  const others = (readDraft().objects ?? []).filter((one) => one !== object);
  changeDraft({ objects: isChosen ? [...others, object] : others });
}

/** All objects of the org: those that can be mirrored to be ticked, the others with the reason. */
export function ObjectPicker({
  objects,
  onFields,
}: {
  objects: readonly OrgObject[];
  onFields: (object: OrgObject) => void;
}) {
  const [text, setText] = useState('');
  const [given, setFilter] = useSearchText('show', 'all');
  const filter = (given in passes ? given : 'all') as Filter;
  const { objects: ticked } = useDraft();
  const isByChoice = filter === 'chosen';
  const rows = useMemo(() => {
    const wanted = text.trim().toLowerCase();
    const chosen = new Set(isByChoice ? ticked : []);
    return objects.filter(
      (object) =>
        passes[filter](object, chosen) && `${object.sobject}\n${object.label}`.toLowerCase().includes(wanted),
    );
  }, [objects, text, filter, isByChoice ? ticked : null]);
  const columns = useMemo(() => columnsOf(onFields), [onFields]);
  return (
    <div>
      <div className="mb-3 flex flex-wrap items-center gap-3">
        <input
          type="search"
          aria-label={objectsWords.find}
          placeholder={objectsWords.find}
          data-shortcut="filter"
          value={text}
          onChange={(event) => setText(event.target.value)}
          className={`${controlClass} max-w-sm`}
        />
        <select
          aria-label={objectsWords.show}
          value={filter}
          onChange={(event) => setFilter(event.target.value)}
          className={`${controlClass} max-w-44`}
        >
          {Object.entries(objectsWords.filters).map(([value, label]) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </select>
        <ChooseCustom objects={objects} />
        <span role="status" className="text-muted tabular-nums">
          {objectsWords.shown(rows.length, objects.length)}
        </span>
      </div>
      <DataTable
        caption={objectsWords.list}
        rows={rows}
        columns={columns}
        keyOf={({ sobject }) => sobject}
        narrow={(object) => <NarrowRow object={object} onFields={onFields} />}
      />
    </div>
  );
}

function ChooseCustom({ objects }: { objects: readonly OrgObject[] }) {
  const custom = useMemo(
    () => objects.filter((one) => one.is_custom && one.unreadable === null).map(({ sobject }) => sobject),
    [objects],
  );
  if (custom.length === 0) return null;
  return (
    <Button
      onClick={() => changeDraft({ objects: [...new Set([...(readDraft().objects ?? []), ...custom])] })}
    >
      {objectsWords.chooseCustom(custom.length)}
    </Button>
  );
}

/** The cells follow the choice by themselves, so that a tick does not build the table anew. */
const columnsOf = (onFields: (object: OrgObject) => void): readonly TableColumn<OrgObject>[] => [
  {
    id: 'chosen',
    label: objectsWords.chosen,
    value: () => null,
    isUnsorted: true,
    isNarrow: true,
    cell: (object) => <Tick object={object} />,
  },
  {
    id: 'label',
    label: objectsWords.label,
    value: ({ label }) => label,
    cell: ({ label, unreadable }) => (
      <span className={unreadable === null ? 'font-medium' : 'text-muted'}>{label}</span>
    ),
  },
  {
    id: 'name',
    label: objectsWords.apiName,
    value: ({ sobject }) => sobject,
    cell: ({ sobject }) => (
      <code className="inline-block max-w-72 font-mono text-sm break-words">{sobject}</code>
    ),
  },
  {
    id: 'records',
    label: objectsWords.records,
    isNumber: true,
    value: ({ records }) => records,
    cell: ({ records }) => (records === null ? objectsWords.unknown : formatCount(records)),
  },
  {
    id: 'note',
    label: objectsWords.note,
    value: ({ unreadable, is_recommended: isRecommended }) =>
      unreadable ?? (isRecommended ? objectsWords.recommendedNote : ''),
    cell: (object) => <Note object={object} />,
  },
  {
    id: 'fields',
    label: objectsWords.fields,
    value: () => null,
    isUnsorted: true,
    cell: (object) => <FieldsButton object={object} onFields={onFields} />,
  },
];

/** On a phone: what is ticked, with the rest below it. */
function NarrowRow({ object, onFields }: { object: OrgObject; onFields: (object: OrgObject) => void }) {
  const { sobject, label, records, unreadable } = object;
  return (
    <div className="flex gap-3">
      <Tick object={object} />
      <div className="min-w-0 flex-1">
        <p className={unreadable === null ? 'font-medium' : 'text-muted'}>{label}</p>
        <p className="text-sm break-words text-muted">
          <code className="font-mono">{sobject}</code>
          {records !== null && `, ${objectsWords.recordsOf(records)}`}
        </p>
        <p className="text-sm break-words">
          <Note object={object} />
        </p>
      </div>
      <FieldsButton object={object} onFields={onFields} />
    </div>
  );
}

function useIsChosen({ sobject }: OrgObject): boolean {
  return useDraft().objects?.includes(sobject) ?? false;
}

function Tick({ object }: { object: OrgObject }) {
  const isChosen = useIsChosen(object);
  return (
    <input
      type="checkbox"
      aria-label={objectsWords.choose(object.label)}
      checked={isChosen}
      disabled={object.unreadable !== null && !isChosen}
      onChange={(event) => choose(object.sobject, event.target.checked)}
      // Below the rows a bar covers the page.
      className="block size-5 scroll-mb-24"
    />
  );
}

function Note({ object }: { object: OrgObject }) {
  const { leftOut } = useDraft();
  const { result } = useObjectsCheck();
  const { sobject, unreadable, is_recommended: isRecommended } = object;
  if (unreadable !== null) return <span className="text-muted">{unreadable}</span>;
  const without = leftOut.filter((field) => field.startsWith(`${sobject}.`)).length;
  const slower = result?.objects.find((one) => one.sobject === sobject)?.note ?? null;
  const notes = [
    ...(isRecommended ? [objectsWords.recommendedNote] : []),
    ...(slower === null ? [] : [slower]),
    ...(without > 0 ? [objectsWords.leftOut(without)] : []),
  ];
  return <span className="text-muted">{notes.join(', ')}</span>;
}

function FieldsButton({ object, onFields }: { object: OrgObject; onFields: (object: OrgObject) => void }) {
  const isChosen = useIsChosen(object);
  if (!isChosen) return null;
  return (
    <Button
      look="quiet"
      aria-label={objectsWords.fieldsOf(object.label)}
      className="scroll-mb-24"
      onClick={() => onFields(object)}
    >
      {objectsWords.fields}
    </Button>
  );
}
