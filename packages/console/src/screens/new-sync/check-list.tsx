import { useId } from 'react';
import { CodeBlock } from '../../ui/code-block.tsx';
import { CopyButton } from '../../ui/copy-button.tsx';
import { type Family, Pill } from '../../ui/pill.tsx';
import { words } from './words.ts';

export interface CheckItem {
  name: string;
  state: 'passed' | 'advice' | 'must fix' | 'failed' | 'skipped';
  says: string;
  /** The one repair; empty if none is needed. */
  next: string;
  /** The statement that repairs it. */
  sql?: string | null;
  /** Of the error, if it failed. */
  code?: string | null;
}

const looks: Record<CheckItem['state'], { word: string; family: Family }> = {
  passed: { word: words.passed, family: 'good' },
  advice: { word: words.advice, family: 'gaps' },
  'must fix': { word: words.mustFix, family: 'stopped' },
  failed: { word: words.failed, family: 'stopped' },
  skipped: { word: words.skipped, family: 'resting' },
};

/** What was checked, each with what came of it, and what has failed with its one repair. */
export function CheckList({ label, checks }: { label: string; checks: readonly CheckItem[] }) {
  return (
    <ul aria-label={label} className="divide-y divide-line">
      {checks.map((check) => (
        <CheckRow key={check.name} check={check} />
      ))}
    </ul>
  );
}

function CheckRow({ check }: { check: CheckItem }) {
  const { name, state, says, next, sql = null, code = null } = check;
  const id = useId();
  const { word, family } = looks[state];
  return (
    <li
      aria-labelledby={id}
      className="grid grid-cols-[auto_minmax(0,1fr)] items-center gap-x-4 gap-y-1 py-2 sm:grid-cols-[5.5rem_12rem_minmax(0,1fr)] sm:items-baseline"
    >
      <span>
        <Pill word={word} family={family} />
      </span>
      <span id={id} className="font-medium">
        {name}
      </span>
      <div className="min-w-0 space-y-2 max-sm:col-span-2">
        <p className="break-words">
          {says}
          {code !== null && <span className="text-muted"> {code}</span>}
        </p>
        {sql !== null ? (
          <CodeBlock code={sql} label={words.repairSql(name)} />
        ) : (
          next !== '' && (
            <div className="flex flex-wrap items-start justify-between gap-2 rounded-control bg-sunken px-3 py-2">
              <p className="min-w-0 flex-1 basis-48 break-words">
                <span className="font-medium">{words.repair}:</span> {next}
              </p>
              <CopyButton text={next} />
            </div>
          )
        )}
      </div>
    </li>
  );
}
