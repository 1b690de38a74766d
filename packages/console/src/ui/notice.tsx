import { Link } from '@tanstack/react-router';
import { CircleCheck, Hourglass, Info, type LucideIcon, OctagonX, TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import { ui } from '../words/ui.ts';

export type NoticeLook = 'good' | 'stopped' | 'gaps' | 'waiting' | 'note';

const looks: Record<NoticeLook, { icon: LucideIcon; border: string; colour: string }> = {
  good: { icon: CircleCheck, border: 'border-l-ok', colour: 'text-ok' },
  stopped: { icon: OctagonX, border: 'border-l-crit', colour: 'text-crit' },
  gaps: { icon: TriangleAlert, border: 'border-l-warn', colour: 'text-warn' },
  waiting: { icon: Hourglass, border: 'border-l-warn', colour: 'text-warn' },
  note: { icon: Info, border: 'border-l-control', colour: 'text-muted' },
};

/** What is wrong, what it means, what to do, and the buttons that do it. */
export function Notice({
  look,
  title,
  says = '',
  next = '',
  code = '',
  isAlert = false,
  children,
}: {
  look: NoticeLook;
  title: ReactNode;
  says?: ReactNode;
  /** As the API says it: a sentence, or a command. */
  next?: string;
  /** Of the catalogue. */
  code?: string;
  /** It has just happened and needs somebody. */
  isAlert?: boolean;
  /** Buttons. */
  children?: ReactNode;
}) {
  const { icon: Icon, border, colour } = looks[look];
  return (
    <div
      role={isAlert ? 'alert' : undefined}
      className={`flex flex-wrap items-start gap-x-4 gap-y-3 rounded-control border border-l-4 border-line bg-surface px-4 py-3 ${border}`}
    >
      <Icon aria-hidden size={18} className={`mt-px shrink-0 max-sm:hidden ${colour}`} />
      <div className="min-w-0 flex-1 basis-64">
        <p className="font-semibold break-words tabular-nums">{title}</p>
        {says !== '' && <p className="prose-width mt-1 break-words">{says}</p>}
        {next !== '' && <NextStep next={next} />}
        {code !== '' && (
          <Link to="/errors/$code" params={{ code }} className="mt-1 inline-block text-accent underline">
            {ui.explainCode(code)}
          </Link>
        )}
      </div>
      {children && <div className="flex flex-wrap gap-2">{children}</div>}
    </div>
  );
}

/** A next step that is only a command is one for the terminal. */
export function NextStep({ next }: { next: string }) {
  const isCommand = next.startsWith('lockstep ');
  return (
    <p className="prose-width mt-1 break-words">
      <span className="font-medium">{isCommand ? ui.inTerminal : ui.next}</span>{' '}
      {isCommand ? <code className="font-mono text-sm">{next}</code> : next}
    </p>
  );
}

/** `SF-01: what happened` as its code and the rest. */
export function codeAndText(text: string): { code: string; says: string } {
  const [, code = '', says = text] = /^([A-Z]{2,5}-\d\d): (.*)$/s.exec(text) ?? [];
  return { code, says };
}
