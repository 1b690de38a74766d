import { useEffect, useState } from 'react';
import { Button } from '../../ui/button.tsx';
import { Panel } from '../../ui/panel.tsx';
import { ProblemNotice } from '../../ui/problem-notice.tsx';
import { CheckedAge } from './checked-age.tsx';
import { changeDraft, useDraft } from './draft.ts';
import { FieldsDialog } from './fields-dialog.tsx';
import { ObjectPicker } from './object-picker.tsx';
import { objectsWords } from './objects-words.ts';
import { type OrgObject, useOrgObjects } from './org-objects.ts';
import { useObjectsCheck, useOrgCheck } from './requests.ts';
import { StepButtons } from './step-frame.tsx';
import { words } from './words.ts';

/** So long nothing is ticked before what is ticked is checked. */
const restMs = 700;

export function ObjectsStep() {
  const { result: org, at } = useOrgCheck();
  const signedIn = `${org?.org_id} ${at}`;
  const query = useOrgObjects(signedIn);
  const [open, setOpen] = useState<OrgObject | null>(null);
  return (
    <div className="space-y-6">
      <Panel title={objectsWords.list} query={query} skeletonRem={40} isUntitled>
        {(objects) => <ObjectPicker objects={objects} onFields={setOpen} />}
      </Panel>
      <Verdict objects={query.data ?? []} />
      {open && <FieldsDialog signedIn={signedIn} object={open} onClose={() => setOpen(null)} />}
    </div>
  );
}

/** What is chosen, and whether all of it can be mirrored: checked by itself whenever the choice has changed. */
function Verdict({ objects }: { objects: readonly OrgObject[] }) {
  const { objects: chosen, leftOut } = useDraft();
  const check = useObjectsCheck();
  const { result, problem, isBusy } = check;
  const isUnchecked = check.at === null && !isBusy && (chosen?.length ?? 0) > 0;
  const { run } = check;
  // biome-ignore lint/correctness/useExhaustiveDependencies: each change of the choice begins the rest anew
  useEffect(() => {
    if (!isUnchecked) return undefined;
    const timer = setTimeout(() => void run(), restMs);
    return () => clearTimeout(timer);
  }, [isUnchecked, chosen, leftOut]);

  const names = new Set(chosen);
  const records = objects.reduce((sum, one) => sum + (names.has(one.sobject) ? (one.records ?? 0) : 0), 0);
  const columns = result ? result.objects.reduce((sum, one) => sum + one.columns, 0) : null;
  return (
    <>
      {problem && <Refused chosen={chosen ?? []} />}
      <div className="sticky bottom-0 z-10 -mx-4 flex flex-wrap items-center justify-between gap-x-6 gap-y-2 border-t border-line bg-canvas px-4 py-3 max-sm:static lg:-mx-8 lg:px-8">
        <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
          <p className="font-medium tabular-nums">
            {names.size === 0 ? objectsWords.none : objectsWords.sum(names.size, records, columns)}
          </p>
          {names.size > 0 && <CheckedAge check={check} isAutomatic onCheck={() => void check.run()} />}
        </div>
        <StepButtons step="objects" canContinue={result !== null} />
      </div>
    </>
  );
}

/** Each object that cannot be taken, with its reason and the way on. */
function Refused({ chosen }: { chosen: readonly string[] }) {
  const { problem } = useObjectsCheck();
  if (!problem) return null;
  const refused = problem.errors.flatMap((error) => {
    const index = /^objects\.(\d+)$/.exec(error.field)?.[1];
    const object = index === undefined ? undefined : chosen[Number(index)];
    return object === undefined ? [] : [{ object, ...error }];
  });
  if (refused.length === 0) return <ProblemNotice problem={problem} isOwnAction />;
  return (
    <section aria-label={objectsWords.wontDo} className="rounded-card border border-crit bg-crit-bg p-4">
      <h2 className="font-semibold">{objectsWords.wontDo}</h2>
      <ul className="mt-2 space-y-2">
        {refused.map(({ object, reason, next }) => (
          <li key={object} className="flex flex-wrap items-start justify-between gap-2">
            <p className="min-w-0 flex-1 basis-64 break-words">
              <span className="font-medium">{object}</span>: {reason} {next}
            </p>
            <Button onClick={() => changeDraft({ objects: chosen.filter((one) => one !== object) })}>
              {objectsWords.untick(object)}
            </Button>
          </li>
        ))}
      </ul>
      <span className="sr-only" role="alert">
        {objectsWords.wontDo}: {words.objectsCount(refused.length)}
      </span>
    </section>
  );
}
