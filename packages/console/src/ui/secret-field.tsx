import { type InputHTMLAttributes, useState } from 'react';
import { ui } from '../words/ui.ts';
import { Button } from './button.tsx';
import { controlClass, Field, type FieldTexts } from './field.tsx';

type Input = Omit<InputHTMLAttributes<HTMLInputElement>, 'onChange' | 'value' | 'id' | 'type'>;

/** A password or another secret of one line: hidden until somebody asks to see it. */
export function SecretField({
  label,
  hint,
  error,
  isRequired = false,
  id,
  value,
  onChange,
  autoComplete = 'off',
  ...input
}: FieldTexts & Input & { value: string; onChange: (value: string) => void }) {
  const [isShown, setShown] = useState(false);
  return (
    <Field label={label} hint={hint} error={error} isRequired={isRequired} id={id}>
      {(control) => (
        <div className="flex gap-2">
          <input
            {...input}
            {...control}
            type={isShown ? 'text' : 'password'}
            autoComplete={autoComplete}
            autoCapitalize="none"
            spellCheck={false}
            value={value}
            onChange={(event) => onChange(event.target.value)}
            className={controlClass}
          />
          <Button aria-pressed={isShown} aria-label={ui.showNamed(label)} onClick={() => setShown(!isShown)}>
            {isShown ? ui.hide : ui.show}
          </Button>
        </div>
      )}
    </Field>
  );
}
