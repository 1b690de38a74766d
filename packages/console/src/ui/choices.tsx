import { type ReactNode, useId } from 'react';
import type { Choice } from './field.tsx';

interface OnOff {
  label: ReactNode;
  hint?: string;
  isOn: boolean;
  onChange: (isOn: boolean) => void;
  isDisabled?: boolean;
}

export function Checkbox({ label, hint, isOn, onChange, isDisabled = false }: OnOff) {
  const id = useId();
  return (
    <div className="flex gap-2">
      <input
        id={id}
        type="checkbox"
        checked={isOn}
        disabled={isDisabled}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        onChange={(event) => onChange(event.target.checked)}
        className="mt-0.5 size-5 shrink-0"
      />
      <div>
        <label htmlFor={id} className="inline-block min-h-6">
          {label}
        </label>
        {hint !== undefined && (
          <p id={`${id}-hint`} className="text-muted">
            {hint}
          </p>
        )}
      </div>
    </div>
  );
}

/** A setting that takes effect at once. */
export function Switch({ label, hint, isOn, onChange, isDisabled = false }: OnOff) {
  const id = useId();
  return (
    <div className="flex items-start gap-3">
      <button
        id={id}
        type="button"
        role="switch"
        aria-checked={isOn}
        aria-labelledby={`${id}-label`}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        disabled={isDisabled}
        onClick={() => onChange(!isOn)}
        className={`eases mt-0.5 flex h-6 forced-color-adjust-none w-11 shrink-0 items-center rounded-full border p-0.5 disabled:opacity-60 ${
          isOn ? 'justify-end border-accent bg-accent' : 'border-control bg-sunken'
        }`}
      >
        <span aria-hidden className={`size-4 rounded-full ${isOn ? 'bg-on-accent' : 'bg-control'}`} />
      </button>
      <div>
        <span id={`${id}-label`}>{label}</span>
        {hint !== undefined && (
          <p id={`${id}-hint`} className="text-muted">
            {hint}
          </p>
        )}
      </div>
    </div>
  );
}

/** One of a few, each with a line on what it means. */
export function RadioCards({
  legend,
  isLegendHidden = false,
  columns = 2,
  choices,
  value,
  onChange,
}: {
  legend: string;
  /** A heading above says it already. */
  isLegendHidden?: boolean;
  /** Side by side, where there is room. */
  columns?: 2 | 3;
  choices: readonly Choice[];
  value: string;
  onChange: (value: string) => void;
}) {
  const name = useId();
  return (
    <fieldset>
      <legend className={isLegendHidden ? 'sr-only' : 'mb-1 font-medium'}>{legend}</legend>
      <div className={`grid gap-2 ${columns === 2 ? 'sm:grid-cols-2' : 'sm:grid-cols-3'}`}>
        {choices.map((choice) => (
          <label
            key={choice.value}
            className="flex gap-2 rounded-card border border-control bg-surface p-3 has-checked:border-accent has-checked:outline has-checked:outline-accent has-disabled:opacity-70"
          >
            <input
              type="radio"
              name={name}
              value={choice.value}
              checked={choice.value === value}
              disabled={choice.isDisabled}
              onChange={() => onChange(choice.value)}
              className="mt-0.5 size-5 shrink-0"
            />
            <span>
              <span className="block font-medium">{choice.label}</span>
              {choice.hint !== undefined && <span className="block text-muted">{choice.hint}</span>}
            </span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
