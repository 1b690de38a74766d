import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { asProblem, type Problem } from '../../api/problem.ts';
import type { Sync } from '../../api/queries.ts';
import { announce } from '../../ui/announce.ts';
import { Button } from '../../ui/button.tsx';
import { RadioCards } from '../../ui/choices.tsx';
import { ConfirmDialog } from '../../ui/dialog.tsx';
import { TextField } from '../../ui/field.tsx';
import { ProblemNotice } from '../../ui/problem-notice.tsx';
import { Section } from '../../ui/section.tsx';
import { proxyKeysQuery } from './proxy-keys-query.ts';
import { runTrial, type TrialOutcome } from './run-trial.ts';
import type { Sample } from './sample.ts';
import { saidOf, TrialResult } from './trial-result.tsx';
import { words } from './words.ts';

const text = words.trial;

const rights = [
  { value: 'key', label: text.ownKey, hint: text.ownKeyHint },
  { value: 'token', label: text.ownToken, hint: text.ownTokenHint },
] as const;

/** A write of one record and what SQL shows of it, measured. */
export function TrialPart({ sync, sample }: { sync: Sync; sample: Sample | null }) {
  if (sync.base_url === null || sample === null) return null;
  const { object } = sample;
  return (
    <Section title={text.title}>
      {object.rows === 0 ? (
        <p>{text.notLoaded(object.sobject, object.backfill_percent)}</p>
      ) : (
        // Another object, another record.
        <TrialForm key={object.sobject} sync={sync.id} object={object.sobject} first={sample.id ?? ''} />
      )}
    </Section>
  );
}

function TrialForm({ sync, object, first }: { sync: string; object: string; first: string }) {
  const [typed, setTyped] = useState<string | null>(null);
  const id = typed ?? first;
  const [right, setRight] = useState<string>('key');
  const [token, setToken] = useState('');
  const [isChecked, setChecked] = useState(false);
  const [isOpen, setOpen] = useState(false);
  const { outcome, problem, isBusy, run } = useTrial();
  const idError = /^\w{15}(\w{3})?$/.test(id.trim()) ? null : text.recordMissing;
  const tokenError = right === 'token' && token.trim() === '' ? text.tokenMissing : null;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setChecked(true);
    if (idError === null && tokenError === null) setOpen(true);
  };
  const confirm = async () => {
    await run({ sync, object, id: id.trim(), token: right === 'token' ? token.trim() : null });
    setOpen(false);
  };
  return (
    <div className="space-y-4">
      <form className="space-y-4" onSubmit={submit} noValidate aria-label={text.title}>
        <p>{text.says}</p>
        <TextField
          label={text.record}
          hint={text.recordHint(object)}
          autoComplete="off"
          spellCheck={false}
          value={id}
          onChange={setTyped}
          error={isChecked ? idError : null}
        />
        <RadioCards legend={text.right} choices={rights} value={right} onChange={setRight} />
        {right === 'token' && (
          <TextField
            label={text.token}
            hint={text.tokenHint}
            type="password"
            autoComplete="off"
            value={token}
            onChange={setToken}
            error={isChecked ? tokenError : null}
          />
        )}
        <Button type="submit" look="primary" isBusy={isBusy}>
          {text.start}
        </Button>
      </form>
      {problem && <ProblemNotice problem={problem} isOwnAction />}
      {outcome && <TrialResult outcome={outcome} />}
      <ConfirmDialog
        isOpen={isOpen}
        onClose={() => setOpen(false)}
        act={text.act}
        happens={text.happens(object)}
        stays={text.stays}
        costs={text.costs}
        isBusy={isBusy}
        onConfirm={() => void confirm()}
      />
    </div>
  );
}

function useTrial() {
  const client = useQueryClient();
  const [outcome, setOutcome] = useState<TrialOutcome | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [isBusy, setBusy] = useState(false);
  const run = async (wanted: Parameters<typeof runTrial>[0]) => {
    setBusy(true);
    setOutcome(null);
    setProblem(null);
    try {
      const done = await runTrial(wanted);
      setOutcome(done);
      announce(saidOf(done));
    } catch (error) {
      setProblem(asProblem(error));
    } finally {
      setBusy(false);
      // Its key is gone again, or is left.
      if (wanted.token === null) await client.invalidateQueries(proxyKeysQuery(wanted.sync));
    }
  };
  return { outcome, problem, isBusy, run };
}
