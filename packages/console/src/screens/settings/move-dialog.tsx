import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { showSync } from '../../api/changes.ts';
import { api, bodyOf } from '../../api/client.ts';
import type { components } from '../../api/schema.d.ts';
import { Button } from '../../ui/button.tsx';
import { Checkbox } from '../../ui/choices.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { controlClass, Field, TextField } from '../../ui/field.tsx';
import { ProblemNotice } from '../../ui/problem-notice.tsx';
import { toast } from '../../ui/toast.tsx';
import { ui } from '../../words/ui.ts';
import { words } from './access-words.ts';
import { readSettings, type Settings } from './settings-query.ts';
import { type TunnelDraft, TunnelFields, tunnelOf } from './tunnel-fields.tsx';
import { useAct } from './use-act.ts';

type Body = components['schemas']['ReplaceDestination'];

/** Lets a sync go on at another address of its database, which is tested first. */
export function MoveDialog({
  settings,
  isOpen,
  onClose,
}: {
  settings: Settings;
  isOpen: boolean;
  onClose: () => void;
}) {
  return (
    <Dialog title={words.move} isOpen={isOpen} onClose={onClose}>
      <MoveForm settings={settings} onClose={onClose} />
    </Dialog>
  );
}

function MoveForm({ settings: { sync, tag }, onClose }: { settings: Settings; onClose: () => void }) {
  const client = useQueryClient();
  const [url, setUrl] = useState('');
  const [readerUrl, setReaderUrl] = useState('');
  const [authority, setAuthority] = useState('');
  const [tunnel, setTunnel] = useState<TunnelDraft | null>(null);
  const [isTested, setTested] = useState(false);
  const { isBusy, problem, act } = useAct();

  const send = (isDryRun: boolean) => {
    const body: Body = {
      url,
      reader_url: readerUrl,
      ...(authority.trim() !== '' && { ca: authority }),
      ...(tunnel && { tunnel: tunnelOf(tunnel) }),
    };
    const params = {
      path: { sync: sync.id },
      query: { dry_run: isDryRun ? 'true' : 'false' } as const,
      header: { 'if-match': tag },
    };
    return bodyOf(api.PUT('/api/v1/syncs/{sync}/destination', { params, body }));
  };
  const test = async () => {
    setTested(false);
    if (await act(() => send(true))) setTested(true);
  };
  const move = async () => {
    const isDone = await act(async () => {
      showSync(client, await send(false));
      await readSettings(client, sync.id);
    });
    if (!isDone) return;
    onClose();
    toast(words.moved);
  };
  const errorOf = (member: string) =>
    problem?.of(`destination.${member}`)?.reason ?? problem?.of(member)?.reason;
  return (
    <form
      className="space-y-4"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void move();
      }}
      onChange={() => setTested(false)}
    >
      <p className="text-muted">{words.moveHint}</p>
      <TextField
        label={words.writerUrl}
        hint={words.urlHint}
        autoComplete="off"
        spellCheck={false}
        value={url}
        onChange={setUrl}
        error={errorOf('url')}
      />
      <TextField
        label={words.readerUrl}
        autoComplete="off"
        spellCheck={false}
        value={readerUrl}
        onChange={setReaderUrl}
        error={errorOf('reader_url')}
      />
      <Field label={words.authority} hint={words.authorityHint} error={errorOf('ca')}>
        {(control) => (
          <textarea
            {...control}
            rows={3}
            spellCheck={false}
            value={authority}
            onChange={({ target }) => setAuthority(target.value)}
            className={`${controlClass} font-mono`}
          />
        )}
      </Field>
      <Checkbox
        label={words.withTunnel}
        isOn={tunnel !== null}
        onChange={(isOn) => setTunnel(isOn ? { host: '', port: '22', user: '', key: '', hostKey: '' } : null)}
      />
      {tunnel && <TunnelFields draft={tunnel} onChange={setTunnel} errorOf={errorOf} />}
      {problem && <ProblemNotice problem={problem} isOwnAction />}
      <p role="status" className="font-medium text-ok empty:hidden">
        {isTested && words.tested}
      </p>
      <div className="flex flex-wrap justify-end gap-2">
        <Button onClick={onClose}>{ui.cancel}</Button>
        <Button isBusy={isBusy} onClick={() => void test()}>
          {words.test}
        </Button>
        <Button type="submit" look="primary" isBusy={isBusy}>
          {words.moveIt}
        </Button>
      </div>
    </form>
  );
}
