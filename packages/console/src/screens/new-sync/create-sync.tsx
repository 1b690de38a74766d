import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useRef, useState } from 'react';
import { api, bodyOf } from '../../api/client.ts';
import { asProblem, type Problem } from '../../api/problem.ts';
import { type Sync, syncsQuery } from '../../api/queries.ts';
import type { components } from '../../api/schema.d.ts';
import { announce } from '../../ui/announce.ts';
import { Button } from '../../ui/button.tsx';
import { ProblemNotice } from '../../ui/problem-notice.tsx';
import { forgetDraft } from './draft.ts';
import { review } from './review-words.ts';

type NewSync = components['schemas']['NewSync'];

const askEveryMs = 500;

/** Makes the sync, tells meanwhile how far that is, and leads to its first rows. */
export function CreateSync({ request, canStart }: { request: NewSync; canStart: boolean }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const [problem, setProblem] = useState<Problem | null>(null);
  const [isBusy, setBusy] = useState(false);
  const { key, renew } = useIdempotencyKey(request);

  const create = async () => {
    setBusy(true);
    setProblem(null);
    try {
      const params = { header: { 'idempotency-key': key } };
      const sync = (await bodyOf(api.POST('/api/v1/syncs', { body: request, params }))) as Sync;
      announce(review.started(sync.name));
      void client.invalidateQueries(syncsQuery);
      await navigate({ to: '/syncs/$sync', params: { sync: sync.id } });
      forgetDraft();
    } catch (failure) {
      const refused = asProblem(failure);
      // What was begun before an answer was lost is taken up by a repetition; what was refused is not.
      if (refused.status !== 0) renew();
      setProblem(refused);
      setBusy(false);
    }
  };
  return (
    <>
      <Button look="primary" isBusy={isBusy} disabled={!canStart && !isBusy} onClick={() => void create()}>
        {problem ? review.startAgain : review.start}
      </Button>
      {isBusy && <Progress idempotencyKey={key} />}
      {problem && (
        <div className="basis-full">
          <ProblemNotice problem={problem} isOwnAction />
        </div>
      )}
    </>
  );
}

/** One for these answers: a second press or a repetition makes no second sync. */
function useIdempotencyKey(request: NewSync): { key: string; renew: () => void } {
  const of = JSON.stringify(request);
  const [known, setKnown] = useState(() => ({ of, key: newKey() }));
  const current = useRef(known);
  if (current.current.of !== of) current.current = { of, key: newKey() };
  const renew = () => {
    current.current = { of, key: newKey() };
    setKnown(current.current);
  };
  return { key: current.current.key, renew };
}

/** `crypto.randomUUID` exists in secure contexts only, and the console may be on plain http behind a tunnel. */
const newKey = (): string =>
  `console-${[...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;

function Progress({ idempotencyKey }: { idempotencyKey: string }) {
  const { data } = useQuery({
    queryKey: ['request', idempotencyKey],
    queryFn: ({ signal }) =>
      bodyOf(api.GET('/api/v1/requests/{key}', { signal, params: { path: { key: idempotencyKey } } })),
    refetchInterval: askEveryMs,
    retry: false, // it may not have arrived yet
    gcTime: 0,
  });
  const progress = data?.progress;
  return (
    <p role="status" className="text-muted tabular-nums">
      {progress ? review.progress(progress.step, progress.done, progress.of) : review.starting}
    </p>
  );
}
