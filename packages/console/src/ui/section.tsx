import { type ReactNode, useId } from 'react';

/** A part of a screen under a heading of its own. What a query reads has a {@link Panel} instead. */
export function Section({
  title,
  actions,
  children,
}: {
  title: string;
  /** Beside the title. */
  actions?: ReactNode;
  children: ReactNode;
}) {
  const id = useId();
  return (
    <section aria-labelledby={id} className="rounded-card border border-line bg-surface p-4">
      <div className="mb-3 flex flex-wrap items-center justify-between gap-2">
        <h2 id={id} className="text-h2 font-semibold">
          {title}
        </h2>
        {actions}
      </div>
      {children}
    </section>
  );
}
