import { useEffect, useRef } from 'react';
import { Button } from '../../ui/button.tsx';
import { settingNames } from './settings-query.ts';
import type { Conflict } from './use-change.ts';
import { words } from './words.ts';

/** What somebody else has changed since the person began, beside what the person wants. */
export function ConflictNotice({
  conflict: { wanted, before, now, who },
  isBusy,
  onSave,
  onTakeTheirs,
}: {
  conflict: Conflict;
  isBusy: boolean;
  onSave: () => void;
  onTakeTheirs: () => void;
}) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => box.current?.focus(), []);
  const asked: Record<string, unknown> = { ...wanted };
  const rows = settingNames.filter(
    (name) => name in asked || JSON.stringify(before.sync[name]) !== JSON.stringify(now.sync[name]),
  );
  return (
    <div
      ref={box}
      tabIndex={-1}
      role="alert"
      className="max-w-3xl rounded-card border border-warn bg-warn-bg p-4"
    >
      <p className="font-semibold">{words.conflict}</p>
      <p className="mt-1">
        {who !== null && words.conflictBy(who)} {words.conflictSays}
      </p>
      <table className="mt-3 w-full text-left">
        <caption className="sr-only">{words.conflict}</caption>
        <thead>
          <tr>
            {[words.setting, words.wasThen, words.isNow, words.yours].map((label) => (
              <th key={label} scope="col" className="py-1 pr-3 text-sm font-medium">
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((name) => (
            <tr key={name} className="border-t border-line align-top">
              <th scope="row" className="py-1 pr-3 font-normal">
                {words.settingNames[name]}
              </th>
              <td className="py-1 pr-3">{words.shown(name, before.sync[name])}</td>
              <td className="py-1 pr-3 font-semibold">{words.shown(name, now.sync[name])}</td>
              <td className="py-1">{name in asked && words.shown(name, asked[name])}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <div className="mt-3 flex flex-wrap gap-2">
        <Button look="primary" isBusy={isBusy} onClick={onSave}>
          {words.saveMine}
        </Button>
        <Button onClick={onTakeTheirs}>{words.takeTheirs}</Button>
      </div>
    </div>
  );
}
