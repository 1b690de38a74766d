import { ObjectFilter } from '../../frame/object-filter.tsx';
import { Button } from '../../ui/button.tsx';
import { Checkbox } from '../../ui/choices.tsx';
import { CopyButton } from '../../ui/copy-button.tsx';
import { FilterSelect, Filters, FilterTime } from '../../ui/filters.tsx';
import type { ActivityFilters as Chosen } from './activity-query.ts';
import { words } from './words.ts';

/** All that the API can filter by. They stand in the address, which can be passed on. */
export function ActivityFilters({
  filters,
  onChange,
  onClear,
}: {
  filters: Chosen;
  onChange: (next: Partial<Chosen>) => void;
  onClear: () => void;
}) {
  const { object, kind, code, since, until, only } = filters;
  const isFiltered = Object.values(filters).some((value) => value !== '');
  return (
    <Filters label={words.filters}>
      <ObjectFilter value={object} onChange={(next) => onChange({ object: next })} />
      <FilterSelect
        label={words.kind}
        value={kind}
        onChange={(next) => onChange({ kind: next })}
        choices={[
          { value: '', label: words.anyKind },
          ...Object.entries(words.kinds).map(([value, label]) => ({ value, label })),
        ]}
      />
      {code !== '' && (
        <FilterSelect
          label={words.code}
          value={code}
          onChange={(next) => onChange({ code: next })}
          choices={[
            { value: '', label: words.anyCode },
            { value: code, label: code },
          ]}
        />
      )}
      <FilterTime label={words.from} value={since} onChange={(next) => onChange({ since: next })} />
      <FilterTime label={words.to} value={until} onChange={(next) => onChange({ until: next })} />
      <div className="flex min-h-8 items-center">
        <Checkbox
          label={words.needsPerson}
          isOn={only === 'needs-person'}
          onChange={(isOn) => onChange({ only: isOn ? 'needs-person' : '' })}
        />
      </div>
      {isFiltered && (
        <div className="flex gap-2">
          <Button look="quiet" onClick={onClear}>
            {words.clear}
          </Button>
          <CopyButton text={location.href} label={words.copyAddress} />
        </div>
      )}
    </Filters>
  );
}
