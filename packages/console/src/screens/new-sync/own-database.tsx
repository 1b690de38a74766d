import { type FormEvent, useState } from 'react';
import { Button } from '../../ui/button.tsx';
import { Checkbox } from '../../ui/choices.tsx';
import { ErrorSummary, type FormError } from '../../ui/error-summary.tsx';
import { TextField } from '../../ui/field.tsx';
import { ProblemNotice } from '../../ui/problem-notice.tsx';
import { SecretField } from '../../ui/secret-field.tsx';
import { TextArea } from '../../ui/text-area.tsx';
import { CheckList } from './check-list.tsx';
import { CheckedAge } from './checked-age.tsx';
import { DatabaseSql } from './database-sql.tsx';
import { destination } from './destination-words.ts';
import { changeDraft, type Draft } from './draft.ts';
import { useDestinationCheck } from './requests.ts';
import { Part } from './step-frame.tsx';

/** A database of the person's own: what to run there first, how to reach it, and whether it will do. */
export function OwnDatabase({ draft }: { draft: Draft }) {
  const check = useDestinationCheck();
  const [errors, setErrors] = useState<readonly FormError[]>([]);
  const { result, problem, isBusy } = check;
  const errorOf = (field: string, member: string) =>
    errors.find((error) => error.field === field)?.says ?? problem?.of(member)?.reason;
  const test = () => {
    const found = missingIn(draft);
    setErrors(found);
    if (found.length === 0) void check.run();
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    test();
  };
  return (
    <>
      <DatabaseSql draft={draft} />
      <form className="space-y-6" onSubmit={submit} noValidate>
        <Part title={destination.addresses}>
          <ErrorSummary errors={errors} />
          <SecretField
            id="url"
            label={destination.url}
            hint={destination.urlHint}
            isRequired
            value={draft.url}
            onChange={(url) => changeDraft({ url })}
            error={errorOf('url', 'url')}
          />
          <SecretField
            id="readerUrl"
            label={destination.readerUrl}
            hint={destination.readerUrlHint}
            isRequired
            value={draft.readerUrl}
            onChange={(readerUrl) => changeDraft({ readerUrl })}
            error={errorOf('readerUrl', 'reader_url')}
          />
          <More draft={draft} errorOf={errorOf} />
        </Part>
        <Part title={destination.test}>
          <div className="flex flex-wrap items-center gap-3">
            {result || problem ? (
              <CheckedAge check={check} onCheck={test} />
            ) : (
              <Button type="submit" look="primary" isBusy={isBusy}>
                {destination.testDatabase}
              </Button>
            )}
            <p role="status" className="text-muted">
              {isBusy
                ? destination.testing
                : result && (result.passed ? destination.allPassed : destination.somePassed)}
            </p>
          </div>
          {problem && <ProblemNotice problem={problem} isOwnAction />}
          {result && <CheckList label={destination.checks} checks={result.checks} />}
        </Part>
      </form>
    </>
  );
}

function More({
  draft,
  errorOf,
}: {
  draft: Draft;
  errorOf: (field: string, member: string) => string | undefined;
}) {
  return (
    <details>
      <summary className="min-h-6 text-accent">{destination.more}</summary>
      <div className="mt-3 space-y-4">
        <Checkbox
          label={destination.share}
          hint={destination.shareHint}
          isOn={draft.sharesSchema}
          onChange={(sharesSchema) => changeDraft({ sharesSchema })}
        />
        <TextArea
          id="authority"
          label={destination.authority}
          hint={destination.authorityHint}
          hasFile
          value={draft.authority}
          onChange={(authority) => changeDraft({ authority })}
          error={errorOf('authority', 'ca')}
        />
        <Checkbox
          label={destination.tunnel}
          hint={destination.tunnelHint}
          isOn={draft.hasTunnel}
          onChange={(hasTunnel) => changeDraft({ hasTunnel })}
        />
        {draft.hasTunnel && <Tunnel draft={draft} errorOf={errorOf} />}
      </div>
    </details>
  );
}

function Tunnel({
  draft,
  errorOf,
}: {
  draft: Draft;
  errorOf: (field: string, member: string) => string | undefined;
}) {
  return (
    <>
      <TextField
        id="tunnelHost"
        label={destination.tunnelHost}
        autoComplete="off"
        value={draft.tunnelHost}
        onChange={(tunnelHost) => changeDraft({ tunnelHost })}
        error={errorOf('tunnelHost', 'tunnel.host')}
      />
      <TextField
        id="tunnelPort"
        label={destination.tunnelPort}
        inputMode="numeric"
        autoComplete="off"
        value={draft.tunnelPort}
        onChange={(tunnelPort) => changeDraft({ tunnelPort })}
        error={errorOf('tunnelPort', 'tunnel.port')}
      />
      <TextField
        id="tunnelUser"
        label={destination.tunnelUser}
        autoComplete="off"
        value={draft.tunnelUser}
        onChange={(tunnelUser) => changeDraft({ tunnelUser })}
        error={errorOf('tunnelUser', 'tunnel.user')}
      />
      <TextArea
        id="tunnelKey"
        label={destination.tunnelKey}
        hint={destination.tunnelKeyHint}
        hasFile
        value={draft.tunnelKey}
        onChange={(tunnelKey) => changeDraft({ tunnelKey })}
        error={errorOf('tunnelKey', 'tunnel.key')}
      />
      <TextField
        id="tunnelHostKey"
        label={destination.tunnelHostKey}
        hint={destination.tunnelHostKeyHint}
        autoComplete="off"
        value={draft.tunnelHostKey}
        onChange={(tunnelHostKey) => changeDraft({ tunnelHostKey })}
        error={errorOf('tunnelHostKey', 'tunnel.host_key')}
      />
    </>
  );
}

const missingIn = (draft: Draft): FormError[] =>
  (['url', 'readerUrl'] as const)
    .filter((field) => draft[field].trim() === '')
    .map((field) => ({ field, says: destination.missing[field] }));
