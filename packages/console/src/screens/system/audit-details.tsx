import { Link } from '@tanstack/react-router';
import type { components } from '../../api/schema.d.ts';
import { Facts } from '../../ui/facts.tsx';
import { words } from './words.ts';

export type AuditEntry = components['schemas']['AuditEntry'];

/** From where a change was made, and the settings before and after it. */
export function AuditDetails({ entry }: { entry: AuditEntry }) {
  const { address, thing, sync, refusal, request_id: request, before, after } = entry;
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
  const changed = names.filter((name) => JSON.stringify(before?.[name]) !== JSON.stringify(after?.[name]));
  return (
    <div className="space-y-4">
      <Facts
        facts={[
          [words.address, address ?? words.onServer],
          sync === null ? null : [words.sync, sync.name],
          thing === null ? null : [words.thing, thing],
          refusal === null
            ? null
            : [
                words.outcome,
                <Link
                  key="refusal"
                  to="/errors/$code"
                  params={{ code: refusal }}
                  className="text-accent underline"
                >
                  {words.refused(refusal)}
                </Link>,
              ],
          request === null ? null : [words.requestId, <code key="request">{request}</code>],
        ]}
      />
      {changed.length > 0 && (
        <table className="w-full max-w-3xl text-left">
          <caption className="sr-only">{words.setting}</caption>
          <thead>
            <tr>
              {[words.setting, words.before, words.after].map((label) => (
                <th key={label} scope="col" className="py-1 pr-3 text-sm font-medium text-muted">
                  {label}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {changed.map((name) => (
              <tr key={name} className="border-t border-line align-top">
                <th scope="row" className="py-1 pr-3 font-mono text-sm font-normal break-words">
                  {name}
                </th>
                <td className="py-1 pr-3 break-words">{shown(before?.[name])}</td>
                <td className="py-1 break-words">{shown(after?.[name])}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </div>
  );
}

const shown = (value: unknown): string => {
  if (value === undefined || value === null) return '–';
  return typeof value === 'string' ? value : JSON.stringify(value);
};
