import { Link } from '@tanstack/react-router';
import { OctagonX } from 'lucide-react';
import type { Sync } from '../../api/queries.ts';
import { ui } from '../../words/ui.ts';

/** Why the database does not answer. What is to be pasted stays below it. */
export function MirrorFault({ fault }: { fault: NonNullable<Sync['mirror_fault']> }) {
  const { code, says, next } = fault;
  return (
    <div className="prose-width rounded-card border border-crit bg-crit-bg p-4">
      <p className="flex items-center gap-2 font-semibold">
        <OctagonX aria-hidden size={16} className="shrink-0 text-crit" />
        {says}
      </p>
      {next !== '' && (
        <p className="mt-1 break-words">
          <span className="font-medium">{ui.next}</span> {next}
        </p>
      )}
      <Link to="/errors/$code" params={{ code }} className="mt-2 inline-block text-accent underline">
        {code}
      </Link>
    </div>
  );
}
