import { type TextareaHTMLAttributes, useId, useState } from 'react';
import { ui } from '../words/ui.ts';
import { controlClass, Field, type FieldTexts } from './field.tsx';

type Area = Omit<TextareaHTMLAttributes<HTMLTextAreaElement>, 'onChange' | 'value' | 'id'>;

/** Keys and certificates are a few thousand characters long. */
const fileBytesMax = 200_000;

/** A text of several lines, such as a key: pasted, or read from a file that is chosen. */
export function TextArea({
  label,
  hint,
  error,
  isRequired = false,
  id,
  value,
  onChange,
  hasFile = false,
  ...area
}: FieldTexts & Area & { value: string; onChange: (value: string) => void; hasFile?: boolean }) {
  const fileId = useId();
  const [refused, setRefused] = useState<string | null>(null);
  const read = async (file: File | undefined) => {
    const isFit = file !== undefined && file.size <= fileBytesMax;
    setRefused(file === undefined || isFit ? null : ui.fileTooLarge);
    if (isFit) onChange(await file.text());
  };
  return (
    <Field label={label} hint={hint} error={refused ?? error} isRequired={isRequired} id={id}>
      {(control) => (
        <>
          <textarea
            {...area}
            {...control}
            rows={5}
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            value={value}
            onChange={(event) => onChange(event.target.value)}
            className={`${controlClass} font-mono`}
          />
          {hasFile && (
            <p className="mt-1">
              <label htmlFor={fileId} className="sr-only">
                {ui.chooseFile}: {label}
              </label>
              <input
                id={fileId}
                type="file"
                onChange={(event) => void read(event.target.files?.[0])}
                className="max-w-full text-base file:mr-3 file:min-h-8 file:rounded-control file:border file:border-control file:bg-surface file:px-3 file:text-text"
              />
            </p>
          )}
        </>
      )}
    </Field>
  );
}
