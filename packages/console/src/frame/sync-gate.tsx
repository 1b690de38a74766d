import { useQuery } from '@tanstack/react-query';
import { Outlet, useParams } from '@tanstack/react-router';
import { asProblem } from '../api/problem.ts';
import { snapshotQuery } from '../api/queries.ts';
import { Button, LinkButton } from '../ui/button.tsx';
import { Panel } from '../ui/panel.tsx';
import { ProblemNotice } from '../ui/problem-notice.tsx';
import { Screen } from '../ui/screen.tsx';
import { frame } from '../words/frame.ts';
import { ui } from '../words/ui.ts';
import { useLive } from './live-context.tsx';

/** Lets a screen of a sync show once the sync has been read, so that none has to ask whether it has. */
export function SyncGate() {
  const { sync = '' } = useParams({ strict: false });
  const query = useQuery(snapshotQuery(sync));
  const { problem } = useLive();
  if (query.data)
    return (
      <>
        {problem && (
          <div className="mb-6">
            <ProblemNotice problem={problem} />
          </div>
        )}
        <Outlet />
      </>
    );
  if (query.isError) {
    const failure = asProblem(query.error);
    if (failure.status === 404)
      return (
        <Screen title={frame.noSync}>
          <p>{frame.noSyncSays}</p>
          <LinkButton to="/syncs">{frame.allSyncs}</LinkButton>
        </Screen>
      );
    return (
      <Screen title={failure.title}>
        <ProblemNotice problem={failure}>
          <Button isBusy={query.isFetching} onClick={() => void query.refetch()}>
            {ui.tryAgain}
          </Button>
        </ProblemNotice>
      </Screen>
    );
  }
  return (
    <Screen title={frame.loading}>
      <Panel title={frame.overview} query={query} skeletonRem={16}>
        {() => null}
      </Panel>
    </Screen>
  );
}
