import { Link, type LinkProps } from '@tanstack/react-router';
import type { ButtonHTMLAttributes, ReactNode, Ref } from 'react';

export type ButtonLook = 'primary' | 'plain' | 'quiet' | 'danger';

const shape =
  'eases inline-flex min-h-8 max-w-full items-center justify-center gap-2 rounded-control border px-3 py-1 font-medium no-underline disabled:opacity-60';
const looks: Record<ButtonLook, string> = {
  primary: 'border-accent bg-accent text-on-accent',
  plain: 'border-control bg-surface text-text hover:bg-sunken',
  quiet: 'border-transparent text-accent hover:bg-sunken',
  danger: 'border-crit bg-crit text-on-crit',
};

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: ButtonLook;
  /** It works on the last press. It keeps its focus, and further presses do nothing. */
  isBusy?: boolean;
  ref?: Ref<HTMLButtonElement>;
}

export function Button({ look = 'plain', isBusy = false, className = '', onClick, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      aria-disabled={isBusy || undefined}
      className={`${shape} ${looks[look]} ${isBusy ? 'opacity-60' : ''} ${className}`}
      onClick={(event) => {
        if (isBusy) event.preventDefault();
        else onClick?.(event);
      }}
    />
  );
}

/** Looks like a button and leads to a screen. */
export function LinkButton({
  look = 'plain',
  children,
  ...link
}: LinkProps & { look?: ButtonLook; children: ReactNode }) {
  return (
    <Link {...link} className={`${shape} ${looks[look]}`}>
      <span className="min-w-0">{children}</span>
    </Link>
  );
}
