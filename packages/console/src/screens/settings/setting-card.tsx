import type { ReactNode } from 'react';

/** A group of settings, with a heading that the list beside the page leads to. */
export function SettingCard({
  id,
  title,
  hint,
  children,
}: {
  id: string;
  title: string;
  hint?: string;
  children: ReactNode;
}) {
  return (
    <section
      aria-labelledby={id}
      className="min-w-0 space-y-4 rounded-card border border-line bg-surface p-4"
    >
      <div>
        <h2 id={id} className="scroll-mt-20 text-h2 font-semibold">
          {title}
        </h2>
        {hint !== undefined && <p className="prose-width mt-1 text-muted">{hint}</p>}
      </div>
      {children}
    </section>
  );
}
