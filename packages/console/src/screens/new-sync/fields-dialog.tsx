import { useId, useMemo, useState } from 'react';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { controlClass } from '../../ui/field.tsx';
import { Panel } from '../../ui/panel.tsx';
import { changeDraft, readDraft, useDraft } from './draft.ts';
import { objectsWords } from './objects-words.ts';
import { type OrgField, type OrgObject, useOrgFields } from './org-objects.ts';

/** Which fields of an object get a column. */
export function FieldsDialog({
  signedIn,
  object,
  onClose,
}: {
  signedIn: string;
  object: OrgObject;
  onClose: () => void;
}) {
  const query = useOrgFields(signedIn, object.sobject);
  return (
    <Dialog title={objectsWords.fieldsOf(object.label)} isOpen onClose={onClose}>
      <div className="space-y-4">
        <p className="text-muted">{objectsWords.fieldsHint}</p>
        <Panel title={objectsWords.fieldsTitle} query={query} skeletonRem={20} isUntitled>
          {(fields) => <FieldList sobject={object.sobject} fields={fields} />}
        </Panel>
        <Button look="primary" onClick={onClose}>
          {objectsWords.close}
        </Button>
      </div>
    </Dialog>
  );
}

function FieldList({ sobject, fields }: { sobject: string; fields: readonly OrgField[] }) {
  const [text, setText] = useState('');
  const shown = useMemo(() => {
    const wanted = text.trim().toLowerCase();
    return fields.filter(({ field, label }) => `${field}\n${label}`.toLowerCase().includes(wanted));
  }, [fields, text]);
  return (
    <div>
      <input
        type="search"
        aria-label={objectsWords.findField}
        placeholder={objectsWords.findField}
        value={text}
        onChange={(event) => setText(event.target.value)}
        className={controlClass}
      />
      <ul aria-label={objectsWords.fieldsTitle} className="mt-3 divide-y divide-line">
        {shown.map((field) => (
          <FieldRow key={field.field} sobject={sobject} field={field} />
        ))}
      </ul>
    </div>
  );
}

function FieldRow({ sobject, field: known }: { sobject: string; field: OrgField }) {
  const id = useId();
  const { field, label, type, state, note, column_type: columnType } = known;
  const name = `${sobject}.${field}`;
  const { leftOut } = useDraft();
  const hasColumn = state !== 'no column';
  const isNeeded = hasColumn && note !== null;
  const isTicked = hasColumn && !leftOut.includes(name);
  const tick = (isOn: boolean) => {
    const others = readDraft().leftOut.filter((one) => one !== name);
    changeDraft({ leftOut: isOn ? others : [...others, name] });
  };
  return (
    <li className="flex gap-3 py-2">
      <input
        id={id}
        type="checkbox"
        checked={isTicked}
        disabled={!hasColumn || isNeeded}
        onChange={(event) => tick(event.target.checked)}
        className="mt-0.5 size-5 shrink-0"
      />
      <label htmlFor={id} className="min-w-0 flex-1">
        <span className="block">{label}</span>
        <span className="block text-sm break-words text-muted">
          <code className="font-mono">{field}</code> · {type}
          {hasColumn ? ` → ${columnType ?? ''}` : `, ${objectsWords.noColumn}`}
          {note !== null && `: ${note}`}
        </span>
      </label>
    </li>
  );
}
