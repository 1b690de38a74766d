import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { showAnswer } from '../../api/changes.ts';
import { api, bodyOf } from '../../api/client.ts';
import type { components } from '../../api/schema.d.ts';
import { Button } from '../../ui/button.tsx';
import { Checkbox } from '../../ui/choices.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { controlClass, Field, TextField } from '../../ui/field.tsx';
import { toast } from '../../ui/toast.tsx';
import { useAct } from '../../ui/use-act.ts';
import { ui } from '../../words/ui.ts';
import { words } from './access-words.ts';
import { Outcome } from './outcome.tsx';
import { readSettings, type Settings, withCurrentTag } from './settings-query.ts';
import { type TunnelDraft, TunnelFields, tunnelOf } from './tunnel-fields.tsx';

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

interface Draft {
  url: string;
  readerUrl: string;
  authority: string;
  tunnel: TunnelDraft | null;
}

const bodyFrom = ({ url, readerUrl, authority, tunnel }: Draft): Body => ({
  url,
  reader_url: readerUrl,
  ...(authority.trim() !== '' && { ca: authority }),
  ...(tunnel && { tunnel: tunnelOf(tunnel) }),
});

function MoveForm({ settings: { sync, tag }, onClose }: { settings: Settings; onClose: () => void }) {
  const client = useQueryClient();
  const [draft, setDraft] = useState<Draft>({ url: '', readerUrl: '', authority: '', tunnel: null });
  const [isTested, setTested] = useState(false);
  const { isBusy, problem, act } = useAct();
  const send = (isDryRun: boolean) => {
    const query = { dry_run: isDryRun ? 'true' : 'false' } as const;
    const params = { path: { sync: sync.id }, query, header: { 'if-match': tag } };
    return withCurrentTag(client, sync.id, () =>
      bodyOf(api.PUT('/api/v1/syncs/{sync}/destination', { params, body: bodyFrom(draft) })),
    );
  };
  const test = async () => {
    setTested(false);
    if (await act(() => send(true))) setTested(true);
  };
  const move = async () => {
    const isDone = await act(async () => {
      showAnswer(client, await send(false));
      await readSettings(client, sync.id);
    });
    if (!isDone) return;
    onClose();
    toast(words.moved);
  };
  return (
    <form
      className="space-y-4"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void move();
      }}
    >
      <p className="text-muted">{words.moveHint}</p>
      <MoveFields
        draft={draft}
        onChange={(next) => {
          setTested(false);
          setDraft({ ...draft, ...next });
        }}
        errorOf={(member) => problem?.of(member)?.reason}
      />
      <Outcome problem={problem} done={isTested ? words.tested : ''} />
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

const emptyTunnel: TunnelDraft = { host: '', port: '22', user: '', key: '', hostKey: '' };

function MoveFields({
  draft: { url, readerUrl, authority, tunnel },
  onChange,
  errorOf,
}: {
  draft: Draft;
  onChange: (next: Partial<Draft>) => void;
  errorOf: (member: string) => string | undefined;
}) {
  const field = { autoComplete: 'off', spellCheck: false } as const;
  return (
    <>
      <TextField
        {...field}
        label={words.writerUrl}
        hint={words.urlHint}
        value={url}
        onChange={(text) => onChange({ url: text })}
        error={errorOf('url')}
      />
      <TextField
        {...field}
        label={words.readerUrl}
        value={readerUrl}
        onChange={(text) => onChange({ readerUrl: text })}
        error={errorOf('reader_url')}
      />
      <Field label={words.authority} hint={words.authorityHint} error={errorOf('ca')}>
        {(control) => (
          <textarea
            {...control}
            rows={3}
            spellCheck={false}
            value={authority}
            onChange={({ target }) => onChange({ authority: target.value })}
            className={`${controlClass} font-mono`}
          />
        )}
      </Field>
      <Checkbox
        label={words.withTunnel}
        isOn={tunnel !== null}
        onChange={(isOn) => onChange({ tunnel: isOn ? emptyTunnel : null })}
      />
      {tunnel && (
        <TunnelFields draft={tunnel} onChange={(next) => onChange({ tunnel: next })} errorOf={errorOf} />
      )}
    </>
  );
}
