import { useState } from 'react';
import type { Sync, SyncObject } from '../../api/queries.ts';
import { requestsFor } from '../../objects/requests-for.ts';
import { Button } from '../../ui/button.tsx';
import { ConfirmDialog } from '../../ui/dialog.tsx';
import { Menu } from '../../ui/menu.tsx';
import { toast } from '../../ui/toast.tsx';
import { formatDuration } from '../../words/format.ts';
import { RemoveObject } from './remove-object.tsx';
import type { ObjectWork } from './use-object-work.ts';
import { words } from './words.ts';

type Level = 'counts' | 'ids' | 'content';

/** What one can ask of an object: a comparison at three depths, and to leave the sync. */
export function ObjectActions({ sync, object, work }: { sync: Sync; object: SyncObject; work: ObjectWork }) {
  const [asked, setAsked] = useState<'ids' | 'content' | null>(null);
  const { sobject, rows } = object;
  const verify = async (level: Level) => {
    const wanted = { kind: 'verify' as const, level, objects: [sobject] };
    if (!(await work.start(words.verifying[level], wanted))) return;
    setAsked(null);
    toast(words.asked(sobject));
  };
  const requests = requestsFor(rows);
  const costs = words.readCosts(rows, requests, formatDuration(requests * sync.interval_ms));
  const common = {
    costs,
    isBusy: work.run.isBusy,
    onClose: () => setAsked(null),
    stays: words.readAgainStays,
  };
  return (
    <>
      <Menu
        button={<Button>{words.verify}</Button>}
        items={[
          {
            label: words.levels.counts,
            hint: words.levelHints.counts,
            onSelect: () => void verify('counts'),
          },
          { label: words.levels.ids, hint: words.levelHints.ids, onSelect: () => setAsked('ids') },
        ]}
      />
      <Button onClick={() => setAsked('content')}>{words.readAgain}</Button>
      <RemoveObject sync={sync} object={object} />
      <ConfirmDialog
        {...common}
        act={words.idsAct(sobject)}
        happens={words.idsHappens}
        isOpen={asked === 'ids'}
        problem={asked === 'ids' ? work.run.problem : null}
        onConfirm={() => void verify('ids')}
      />
      <ConfirmDialog
        {...common}
        act={words.readAgainAct(sobject)}
        happens={words.readAgainHappens}
        isOpen={asked === 'content'}
        problem={asked === 'content' ? work.run.problem : null}
        onConfirm={() => void verify('content')}
      />
    </>
  );
}
