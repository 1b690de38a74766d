import { type FormEvent, useState } from 'react';
import { api, bodyOf } from '../../api/client.ts';
import { asProblem, type Problem } from '../../api/problem.ts';
import type { components } from '../../api/schema.d.ts';
import { Button } from '../../ui/button.tsx';
import { CodeBlock } from '../../ui/code-block.tsx';
import { TextField } from '../../ui/field.tsx';
import { ProblemNotice } from '../../ui/problem-notice.tsx';
import { destination } from './destination-words.ts';
import { changeDraft, type Draft } from './draft.ts';
import { Part } from './step-frame.tsx';

type Written = components['schemas']['DatabaseSql'];

/** The statements that make a database ready, exact for its names, with two new logins. */
export function DatabaseSql({ draft }: { draft: Draft }) {
  const [written, setWritten] = useState<Written | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [isBusy, setBusy] = useState(false);
  const [isTried, setTried] = useState(false);
  const write = async () => {
    setBusy(true);
    setProblem(null);
    try {
      const body = {
        host: draft.host.trim(),
        port: Number(draft.port),
        database: draft.database.trim(),
        schema: draft.schema.trim(),
      };
      const made = await bodyOf(api.POST('/api/v1/destinations/sql', { body }));
      setWritten(made);
      changeDraft({ url: made.url, readerUrl: made.reader_url });
    } catch (failure) {
      setProblem(asProblem(failure));
    } finally {
      setBusy(false);
    }
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (draft.host.trim() !== '' && draft.database.trim() !== '') void write();
  };
  return (
    <Part title={destination.sqlFirst}>
      <p>{destination.sqlFirstSays}</p>
      <form className="space-y-4" onSubmit={submit} noValidate>
        <Names draft={draft} problem={problem} isTried={isTried} />
        <Button type="submit" isBusy={isBusy}>
          {destination.write}
        </Button>
      </form>
      {problem && problem.errors.length === 0 && <ProblemNotice problem={problem} isOwnAction />}
      {written && <Statements written={written} />}
    </Part>
  );
}

function Names({ draft, problem, isTried }: { draft: Draft; problem: Problem | null; isTried: boolean }) {
  const missing = (field: 'host' | 'database') =>
    isTried && draft[field].trim() === '' ? destination.missing[field] : undefined;
  return (
    <div className="grid max-w-xl gap-4 sm:grid-cols-[minmax(0,1fr)_11rem]">
      <TextField
        label={destination.host}
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        value={draft.host}
        onChange={(host) => changeDraft({ host })}
        error={missing('host') ?? problem?.of('host')?.reason}
      />
      <TextField
        label={destination.port}
        inputMode="numeric"
        autoComplete="off"
        value={draft.port}
        onChange={(port) => changeDraft({ port })}
        error={problem?.of('port')?.reason}
      />
      <TextField
        label={destination.database}
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        value={draft.database}
        onChange={(database) => changeDraft({ database })}
        error={missing('database') ?? problem?.of('database')?.reason}
      />
      <TextField
        id="schema"
        label={destination.schema}
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        value={draft.schema}
        onChange={(schema) => changeDraft({ schema })}
        error={problem?.of('schema')?.reason}
      />
    </div>
  );
}

function Statements({ written }: { written: Written }) {
  return (
    <div className="space-y-3">
      <p>{destination.run}</p>
      <CodeBlock code={written.sql} label={destination.sqlLabel} />
      <p role="status">{destination.filledIn}</p>
      <details>
        <summary className="min-h-6 text-accent">{destination.undo}</summary>
        <CodeBlock code={written.undo} label={destination.undoLabel} />
      </details>
    </div>
  );
}
