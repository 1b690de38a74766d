import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, bodyOf } from '../../api/client.ts';
import type { components } from '../../api/schema.d.ts';
import { Button } from '../../ui/button.tsx';
import { ConfirmDialog } from '../../ui/dialog.tsx';
import { Panel } from '../../ui/panel.tsx';
import { ProblemNotice } from '../../ui/problem-notice.tsx';
import { DataTable, type TableColumn } from '../../ui/table.tsx';
import { Age, Time } from '../../ui/time.tsx';
import { toast } from '../../ui/toast.tsx';
import { useAct } from '../../ui/use-act.ts';
import { words } from './words.ts';

type Session = components['schemas']['Session'];

const queryKey = ['sessions'];

export function useRenewSessions(): () => Promise<void> {
  const client = useQueryClient();
  return () => client.invalidateQueries({ queryKey });
}

const endSession = (session: string) =>
  bodyOf(api.DELETE('/api/v1/sessions/{session}', { params: { path: { session } } }));

/** Who is signed in where. One's own session ends by signing out. */
export function SessionsPanel() {
  const renew = useRenewSessions();
  const [isAsking, setAsking] = useState(false);
  const { isBusy, problem, act } = useAct();
  const query = useQuery({
    queryKey,
    queryFn: ({ signal }) =>
      bodyOf(api.GET('/api/v1/sessions', { signal, params: { query: { limit: 500 } } })),
  });
  const others = query.data?.items.filter((session) => !session.is_own) ?? [];
  const end = async (sessions: readonly Session[], says: string) => {
    const isDone = await act(async () => {
      for (const { id } of sessions) await endSession(id);
    });
    await renew();
    if (!isDone) return;
    setAsking(false);
    toast(says);
  };
  return (
    <Panel
      title={words.sessions}
      query={query}
      actions={others.length > 0 && <Button onClick={() => setAsking(true)}>{words.endOthers}</Button>}
    >
      {({ items }) => (
        <div className="space-y-4">
          <p className="text-muted">{words.sessionsHint}</p>
          {problem && !isAsking && <ProblemNotice problem={problem} isOwnAction />}
          <DataTable
            caption={words.sessions}
            rows={items}
            columns={columnsOf((session) => void end([session], words.ended))}
            keyOf={({ id }) => id}
          />
          <ConfirmDialog
            act={words.endOthers}
            happens={words.endOthersHappens(others.length)}
            stays={words.endOthersStays}
            costs={words.endOthersCosts}
            isOpen={isAsking}
            isBusy={isBusy}
            problem={problem}
            onClose={() => setAsking(false)}
            onConfirm={() => void end(others, words.othersEnded)}
          />
        </div>
      )}
    </Panel>
  );
}

const columnsOf = (onEnd: (session: Session) => void): readonly TableColumn<Session>[] => [
  { id: 'browser', label: words.browser, value: ({ user_agent: browser }) => browser },
  { id: 'address', label: words.address, value: ({ address }) => address },
  {
    id: 'began',
    label: words.began,
    value: ({ created_at: at }) => at,
    cell: ({ created_at: at }) => <Time at={at} />,
  },
  {
    id: 'seen',
    label: words.lastSeen,
    value: ({ last_seen_at: at }) => at,
    cell: ({ last_seen_at: at }) => <Age at={at} />,
  },
  {
    id: 'expires',
    label: words.expires,
    value: ({ expires_at: at }) => at,
    cell: ({ expires_at: at }) => <Time at={at} />,
  },
  {
    id: 'actions',
    label: words.actions,
    isUnsorted: true,
    value: () => null,
    cell: (session) =>
      session.is_own ? (
        <span className="font-medium">{words.thisOne}</span>
      ) : (
        <Button aria-label={words.endNamed(session.user_agent)} onClick={() => onEnd(session)}>
          {words.end}
        </Button>
      ),
  },
];
