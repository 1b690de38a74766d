import { useEffect, useRef } from 'react';
import { ui } from '../words/ui.ts';

export interface FormError {
  /** The id of the field's control. */
  field: string;
  says: string;
}

/** At the top of a form whose answers were refused: takes the focus and leads to each of them. */
export function ErrorSummary({ errors }: { errors: readonly FormError[] }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (errors.length > 0) box.current?.focus();
  }, [errors]);
  if (errors.length === 0) return null;
  return (
    <div
      ref={box}
      tabIndex={-1}
      role="alert"
      className="max-w-xl rounded-card border border-crit bg-crit-bg p-4"
    >
      <p className="font-semibold">{ui.errorsInForm(errors.length)}</p>
      <ul className="mt-1 list-disc pl-5">
        {errors.map(({ field, says }) => (
          <li key={`${field} ${says}`}>
            <a
              href={`#${field}`}
              onClick={(event) => {
                event.preventDefault();
                document.getElementById(field)?.focus();
              }}
            >
              {says}
            </a>
          </li>
        ))}
      </ul>
    </div>
  );
}
