import { useState } from 'react';
import { api, bodyOf } from '../../api/client.ts';
import type { components } from '../../api/schema.d.ts';
import { Button } from '../../ui/button.tsx';
import { Checkbox } from '../../ui/choices.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { TextField } from '../../ui/field.tsx';
import { TextArea } from '../../ui/text-area.tsx';
import { toast } from '../../ui/toast.tsx';
import { ui } from '../../words/ui.ts';
import { words } from './access-words.ts';
import { Outcome } from './outcome.tsx';
import type { Settings } from './settings-query.ts';
import { type TunnelDraft, TunnelFields, tunnelOf } from './tunnel-fields.tsx';
import { type Send, useTestedChange } from './use-tested-change.ts';

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

function MoveForm({ settings, onClose }: { settings: Settings; onClose: () => void }) {
  const { sync, tag } = settings;
  const [draft, setDraft] = useState<Draft>({ url: '', readerUrl: '', authority: '', tunnel: null });
  const change = useTestedChange(settings, () => {
    onClose();
    toast(words.moved);
  });
  const { isBusy, problem } = change;
  const send: Send = (query) => {
    const params = { path: { sync: sync.id }, query, header: { 'if-match': tag } };
    return bodyOf(api.PUT('/api/v1/syncs/{sync}/destination', { params, body: bodyFrom(draft) }));
  };
  return (
    <form
      className="space-y-4"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void change.make(send);
      }}
    >
      <p className="text-muted">{words.moveHint}</p>
      <MoveFields
        draft={draft}
        onChange={(next) => {
          change.forget();
          setDraft({ ...draft, ...next });
        }}
        errorOf={(member) => problem?.of(member)?.reason}
      />
      <Outcome problem={problem} done={change.isTested ? words.tested : ''} />
      <div className="flex flex-wrap justify-end gap-2">
        <Button onClick={onClose}>{ui.cancel}</Button>
        <Button isBusy={isBusy} onClick={() => void change.test(send)}>
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
      <TextArea
        label={words.authority}
        hint={words.authorityHint}
        value={authority}
        onChange={(text) => onChange({ authority: text })}
        error={errorOf('ca')}
        hasFile
      />
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
