import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { readersQuery, type Sync } from '../../api/queries.ts';
import type { components } from '../../api/schema.d.ts';
import { Button } from '../../ui/button.tsx';
import { Checkbox } from '../../ui/choices.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { SelectField } from '../../ui/field.tsx';
import { Panel } from '../../ui/panel.tsx';
import { SecretText } from '../../ui/secret-text.tsx';
import { useSearchText } from '../../ui/use-search-text.ts';
import { addressIn, isOnThisMachine } from './database-urls.ts';
import { LoginForm, type MadeLogin } from './login-form.tsx';
import type { Sample } from './sample.ts';
import { SnippetTabs } from './snippet-tabs.tsx';
import { databaseSnippets } from './snippets.ts';
import { words } from './words.ts';

type Reader = components['schemas']['Reader'];

const text = words.read;

/** How programs read the mirror, as one of its logins. */
export function ReadPart({ sync, sample }: { sync: Sync; sample: Sample | null }) {
  const readers = useQuery(readersQuery(sync.id));
  const [made, setMade] = useState<readonly MadeLogin[]>([]);
  const [isOpen, setOpen] = useState(false);
  const [chosen, choose] = useSearchText('login');
  const keep = (login: MadeLogin) => {
    setMade([...made.filter((one) => one.login !== login.login), login]);
    setOpen(false);
    choose(login.login);
  };
  return (
    <Panel
      title={text.title}
      // Not before the examples are known, so that nothing moves when they come.
      query={{ ...readers, data: sample?.isKnown === false ? undefined : readers.data }}
      skeletonRem={24}
      actions={<Button onClick={() => setOpen(true)}>{text.newLogin}</Button>}
    >
      {({ items }) => {
        const reader = items.find(({ login }) => login === chosen) ?? items[0];
        return (
          <div className="space-y-4">
            <p className="prose-width">{reader ? text.says : text.noLogin}</p>
            {reader && (
              <Lines
                sync={sync}
                sample={sample}
                logins={items}
                reader={reader}
                onLogin={choose}
                password={made.find(({ login }) => login === reader.login)?.password ?? null}
              />
            )}
            <Dialog title={text.newLogin} isOpen={isOpen} onClose={() => setOpen(false)}>
              <LoginForm sync={sync.id} onMade={keep} />
            </Dialog>
          </div>
        );
      }}
    </Panel>
  );
}

function Lines({
  sync,
  sample,
  logins,
  reader: { name, login },
  onLogin,
  password,
}: {
  sync: Sync;
  sample: Sample | null;
  logins: readonly Reader[];
  reader: Reader;
  onLogin: (login: string) => void;
  /** Null: nobody knows it any more. */
  password: string | null;
}) {
  const [isIncluded, setIncluded] = useState(false);
  const address = addressIn(sync.mirror.url);
  const secret = isIncluded ? password : null;
  const snippets = databaseSnippets({
    ...address,
    user: login,
    password: secret,
    schema: sync.mirror.table_schema,
    table: sample?.object.table_name ?? 'account',
    columns: sample?.columns ?? ['id'],
  });
  return (
    <>
      <div className="max-w-xs">
        <SelectField
          label={text.login}
          value={login}
          onChange={onLogin}
          choices={logins.map((one) => ({ value: one.login, label: one.name }))}
        />
      </div>
      <Settings address={address} login={login} password={password} />
      {password !== null && (
        <Checkbox label={text.include} hint={text.includeHint} isOn={isIncluded} onChange={setIncluded} />
      )}
      {secret === null && <p className="prose-width text-muted">{text.fromVariable(name)}</p>}
      <SnippetTabs label={text.tabs} name="read" snippets={snippets} secret={secret} />
      <div className="prose-width space-y-1 text-muted">
        <p>{text.limits}</p>
        {isOnThisMachine(address.host) && <p>{text.onlyHere(address.host)}</p>}
        {sync.mirror.tunnel !== null && <p>{text.tunnel(sync.mirror.tunnel)}</p>}
      </div>
    </>
  );
}

function Settings({
  address,
  login,
  password,
}: {
  address: ReturnType<typeof addressIn>;
  login: string;
  password: string | null;
}) {
  return (
    <dl className="grid grid-cols-[fit-content(50%)_minmax(0,1fr)] gap-x-6 gap-y-2">
      {[
        [text.host, address.host],
        [text.port, String(address.port)],
        [text.database, address.database],
        [text.user, login],
      ].map(([term, fact]) => (
        <div key={term} className="contents">
          <dt className="text-muted">{term}</dt>
          <dd className="min-w-0 font-mono text-sm break-all">{fact}</dd>
        </div>
      ))}
      <dt className="text-muted">{text.password}</dt>
      <dd className="min-w-0">
        {password === null ? (
          text.notKept
        ) : (
          <div className="space-y-2">
            <SecretText secret={password} label={text.passwordLabel} />
            <p>{words.logins.shownOnce}</p>
          </div>
        )}
      </dd>
    </dl>
  );
}
