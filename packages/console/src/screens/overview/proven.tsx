import type { Sync, SyncObject } from '../../api/queries.ts';
import { OperationStatus } from '../../objects/operation-status.tsx';
import { useOperation } from '../../objects/use-operation.ts';
import { Button } from '../../ui/button.tsx';
import { Section } from '../../ui/section.tsx';
import { Age } from '../../ui/time.tsx';
import { words } from './words.ts';

const kinds = [
  ['counts', 'counts_verified_at'],
  ['stamps', 'stamps_verified_at'],
  ['content', 'content_verified_at'],
] as const;

/** When the mirror was last compared with Salesforce, in three depths. */
export function Proven({ sync, objects }: { sync: Sync; objects: readonly SyncObject[] }) {
  const run = useOperation(sync.id, () => undefined);
  const compare = () => void run.start({ kind: 'verify', level: 'counts' });
  return (
    <Section
      title={words.proven}
      actions={
        <Button isBusy={run.isBusy} onClick={compare}>
          {words.compareNow}
        </Button>
      }
    >
      <dl className="space-y-2">
        {kinds.map(([kind, at]) => {
          const times = objects.flatMap((one) => one[at] ?? []);
          const oldest = times.toSorted((a, b) => Date.parse(a) - Date.parse(b))[0];
          return (
            <div key={kind} className="flex flex-wrap justify-between gap-x-4">
              <dt>{words.provenKinds[kind]}</dt>
              <dd className="text-muted tabular-nums">
                {words.provenOf(times.length, objects.length)}
                {oldest !== undefined && (
                  <>
                    , {words.oldest} <Age at={oldest} />
                  </>
                )}
              </dd>
            </div>
          );
        })}
      </dl>
      <p className="mt-3 mb-2 text-sm text-muted">{words.provenNote}</p>
      <OperationStatus what={words.comparing} run={run} />
    </Section>
  );
}
