import { type InputHTMLAttributes, type ReactNode, useId } from 'react';
import { ui } from '../words/ui.ts';

export interface FieldTexts {
  label: string;
  hint?: string | undefined;
  /** What is wrong with the answer, below the field. */
  error?: string | null | undefined;
  isRequired?: boolean;
  /** Of the control, for links of the {@link ErrorSummary}. */
  id?: string | undefined;
}

interface ControlProps {
  id: string;
  'aria-describedby'?: string;
  'aria-invalid'?: true;
  'aria-required'?: true;
}

/** Label above, hint below the label, error below the control; the control gets the attributes that tie them to it. */
export function Field({
  label,
  hint,
  error,
  isRequired = false,
  id: given,
  children,
}: FieldTexts & { children: (control: ControlProps) => ReactNode }) {
  const own = useId();
  const id = given ?? own;
  const described = [hint !== undefined && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(' ');
  return (
    <div className="max-w-xl">
      <label htmlFor={id} className="font-medium">
        {label} {isRequired && <span className="font-normal text-muted">{ui.required}</span>}
      </label>
      {hint !== undefined && (
        <p id={`${id}-hint`} className="break-words text-muted">
          {hint}
        </p>
      )}
      <div className="mt-1">
        {children({
          id,
          ...(described !== '' && { 'aria-describedby': described }),
          ...(error && { 'aria-invalid': true }),
          ...(isRequired && { 'aria-required': true }),
        })}
      </div>
      {error && (
        <p id={`${id}-error`} className="mt-1 font-medium text-crit">
          {error}
        </p>
      )}
    </div>
  );
}

export const controlClass =
  'min-h-8 w-full rounded-control border border-control bg-surface px-2 py-1 text-text aria-invalid:border-crit aria-invalid:outline-crit';

type Input = Omit<InputHTMLAttributes<HTMLInputElement>, 'onChange' | 'value' | 'id'>;

export function TextField({
  label,
  hint,
  error,
  isRequired = false,
  id,
  value,
  onChange,
  ...input
}: FieldTexts & Input & { value: string; onChange: (value: string) => void }) {
  return (
    <Field label={label} hint={hint} error={error} isRequired={isRequired} id={id}>
      {(control) => (
        <input
          {...input}
          {...control}
          value={value}
          onChange={(event) => onChange(event.target.value)}
          className={controlClass}
        />
      )}
    </Field>
  );
}

export interface Choice {
  value: string;
  label: string;
  hint?: string;
  isDisabled?: boolean;
}

export function SelectField({
  value,
  onChange,
  choices,
  ...texts
}: FieldTexts & { value: string; onChange: (value: string) => void; choices: readonly Choice[] }) {
  return (
    <Field {...texts}>
      {(control) => (
        <select
          {...control}
          value={value}
          onChange={(event) => onChange(event.target.value)}
          className={controlClass}
        >
          {choices.map((choice) => (
            <option key={choice.value} value={choice.value} disabled={choice.isDisabled}>
              {choice.label}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}
