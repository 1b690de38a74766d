import { useRef } from 'react';
import { CopyButton } from './copy-button.tsx';

/** A command, a query or a snippet, to be copied. It wraps: nothing scrolls sideways on a small screen. */
export function CodeBlock({
  code,
  label,
  copied = code,
}: {
  code: string;
  /** What it is, for a screen reader: `The psql command`. */
  label: string;
  /** If what is copied is not what is shown: with a secret, for example. */
  copied?: string;
}) {
  const shown = useRef<HTMLElement>(null);
  return (
    <figure
      aria-label={label}
      className="flex flex-col rounded-card border border-line bg-sunken sm:flex-row-reverse sm:items-start"
    >
      <div className="self-end p-2 pb-0 sm:self-start sm:pb-2">
        <CopyButton text={copied} source={shown} />
      </div>
      <pre className="min-w-0 flex-1 px-4 pt-1 pb-3 font-mono text-sm break-words whitespace-pre-wrap sm:pt-3.5">
        <code ref={shown}>{code}</code>
      </pre>
    </figure>
  );
}
