import { type ReactNode, useId } from 'react';
import { Button } from './button.tsx';
import { useZone } from './zone.ts';

const shape =
  'min-h-8 w-full rounded-control border border-control bg-surface px-2 py-1 text-text aria-invalid:border-crit sm:text-base';

/** Filters above a list, side by side as far as they fit. */
export function Filters({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div role="search" aria-label={label} className="flex flex-wrap items-end gap-x-4 gap-y-3">
      {children}
    </div>
  );
}

/** In place of rows that the filters leave none of. */
export const NothingMatches = ({
  says,
  clear,
  onClear,
}: {
  says: string;
  clear: string;
  onClear: () => void;
}) => (
  <p className="flex flex-wrap items-center gap-3">
    {says}
    <Button onClick={onClear}>{clear}</Button>
  </p>
);

const boxClass = 'min-w-0 max-sm:w-full';
const labelClass = 'mb-1 block text-sm text-muted';

export function FilterSelect({
  label,
  value,
  onChange,
  choices,
}: {
  label: string;
  value: string;
  onChange: (value: string) => void;
  choices: readonly { value: string; label: string }[];
}) {
  const id = useId();
  return (
    <div className={boxClass}>
      <label htmlFor={id} className={labelClass}>
        {label}
      </label>
      <select
        id={id}
        value={value}
        onChange={(event) => onChange(event.target.value)}
        className={`${shape} sm:max-w-48`}
      >
        {choices.map((choice) => (
          <option key={choice.value} value={choice.value}>
            {choice.label}
          </option>
        ))}
      </select>
    </div>
  );
}

/** A moment, which the address has in UTC, so that it is the same one for everybody who opens it. */
export function FilterTime({
  label,
  value,
  onChange,
}: {
  label: string;
  /** RFC 3339; empty: none. */
  value: string;
  onChange: (value: string) => void;
}) {
  const [zone] = useZone();
  const id = useId();
  const isUtc = zone === 'UTC';
  return (
    <div className={boxClass}>
      <label htmlFor={id} className={labelClass}>
        {isUtc ? `${label} (UTC)` : label}
      </label>
      <input
        id={id}
        type="datetime-local"
        value={shownTime(value, isUtc)}
        onChange={(event) => onChange(meantTime(event.target.value, isUtc))}
        className={`${shape} sm:w-52`}
      />
    </div>
  );
}

/** As a field of the browser shows it: without a zone. */
function shownTime(value: string, isUtc: boolean): string {
  const at = new Date(value);
  if (value === '' || Number.isNaN(at.getTime())) return '';
  const aheadMs = isUtc ? 0 : at.getTimezoneOffset() * 60_000;
  return new Date(at.getTime() - aheadMs).toISOString().slice(0, 16);
}

function meantTime(shown: string, isUtc: boolean): string {
  const at = new Date(isUtc ? `${shown}Z` : shown);
  return Number.isNaN(at.getTime()) ? '' : at.toISOString();
}
