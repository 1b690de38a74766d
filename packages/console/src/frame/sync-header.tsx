import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { setPaused } from '../api/changes.ts';
import { asProblem, type Problem } from '../api/problem.ts';
import { type Sync, snapshotQuery } from '../api/queries.ts';
import { Button } from '../ui/button.tsx';
import { Pill } from '../ui/pill.tsx';
import { ProblemNotice } from '../ui/problem-notice.tsx';
import { toast } from '../ui/toast.tsx';
import { frame } from '../words/frame.ts';
import { useFavicon } from './favicon.ts';
import { LiveIndicator } from './live-indicator.tsx';
import { SyncSwitcher } from './sync-switcher.tsx';
import { useStateAnnouncements } from './use-state-announcements.ts';

/** The sync of the address: its name, how it is, and the two things that one does most. */
export function SyncHeader({ sync }: { sync: string }) {
  const { data, error } = useQuery(snapshotQuery(sync));
  const isUnknown = data === undefined && error !== null && asProblem(error).status === 404;
  useStateAnnouncements(data?.sync);
  useFavicon(data?.sync.family);
  return (
    <div className="flex min-w-0 flex-wrap items-center gap-x-4 gap-y-2">
      {!isUnknown && (
        <span className="lg:hidden">
          <SyncSwitcher sync={sync} name={data?.sync.name ?? ''} />
        </span>
      )}
      {data && <span className="text-lead font-semibold max-lg:hidden">{data.sync.name}</span>}
      {data && <Pill word={data.sync.state_word} family={data.sync.family} />}
      {data && <PauseButton sync={data.sync} />}
      {!isUnknown && <LiveIndicator />}
    </div>
  );
}

/** A sync that is being deleted or recopied is paused by that, and nobody may resume it. */
const isBusy = ({ state_word: word }: Sync) => word === 'Deleting' || word === 'Recopying';

function PauseButton({ sync }: { sync: Sync }) {
  const client = useQueryClient();
  const [isSending, setSending] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const { id, name } = sync;
  if (isBusy(sync)) return null;
  const change = async (paused: boolean, canUndo: boolean) => {
    setSending(true);
    setProblem(null);
    try {
      await setPaused(client, id, paused);
      const undo = () => void change(!paused, false);
      toast(paused ? frame.paused(name) : frame.resumed(name), canUndo ? undo : undefined);
    } catch (error) {
      setProblem(asProblem(error));
    } finally {
      setSending(false);
    }
  };
  return (
    <>
      <Button isBusy={isSending} onClick={() => void change(!sync.paused, true)}>
        {sync.paused ? frame.resume : frame.pause}
      </Button>
      {problem && <ProblemNotice problem={problem} isOwnAction />}
    </>
  );
}
