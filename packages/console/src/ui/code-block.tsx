import { useRef } from 'react';
import { CopyButton } from './copy-button.tsx';

/** A command, a query or a snippet, to be copied. It wraps: nothing scrolls sideways on a small screen. */
export function CodeBlock({
  code,
  label,
  place,
  copied = code,
}: {
  code: string;
  /** What it is, for a screen reader: `The psql command`. */
  label: string;
  /** Where it is pasted, in a line above it. */
  place?: string;
  /** If what is copied is not what is shown: with a secret, for example. */
  copied?: string;
}) {
  const shown = useRef<HTMLElement>(null);
  const copy = <CopyButton text={copied} source={shown} />;
  return (
    <figure aria-label={label} className="rounded-card border border-line bg-sunken">
      {place !== undefined && (
        <div className="flex items-center justify-between gap-3 border-b border-line py-1.5 pr-1.5 pl-4">
          <span className="text-muted">{place}</span>
          {copy}
        </div>
      )}
      <div className={place === undefined ? 'flex flex-col-reverse p-1.5 sm:flex-row' : 'p-1.5'}>
        <pre className="min-w-0 grow px-2.5 py-1.5 font-mono text-sm break-words whitespace-pre-wrap">
          <code ref={shown}>{code}</code>
        </pre>
        {place === undefined && <div className="shrink-0 self-end sm:self-start">{copy}</div>}
      </div>
    </figure>
  );
}
