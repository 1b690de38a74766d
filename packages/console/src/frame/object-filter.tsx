import { FilterSelect } from '../ui/filters.tsx';
import { frame } from '../words/frame.ts';
import { useSnapshot } from './use-snapshot.ts';

/** One of the sync's objects, or one that it had once and an address still names. */
export function ObjectFilter({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const { sync } = useSnapshot();
  const objects = [...new Set([...sync.objects, ...(value === '' ? [] : [value])])].toSorted();
  return (
    <FilterSelect
      label={frame.object}
      value={value}
      onChange={onChange}
      choices={[
        { value: '', label: frame.anyObject },
        ...objects.map((name) => ({ value: name, label: name })),
      ]}
    />
  );
}
