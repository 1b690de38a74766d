import { controlClass, Field, TextField } from '../../ui/field.tsx';
import { words } from './access-words.ts';

export interface TunnelDraft {
  host: string;
  port: string;
  user: string;
  key: string;
  hostKey: string;
}

export const tunnelOf = ({ host, port, user, key, hostKey }: TunnelDraft) => ({
  host,
  port: Number(port),
  user,
  key,
  ...(hostKey !== '' && { host_key: hostKey }),
});

/** An SSH server on the way to the database. */
export function TunnelFields({
  draft,
  onChange,
  errorOf,
}: {
  draft: TunnelDraft;
  onChange: (next: TunnelDraft) => void;
  errorOf: (member: string) => string | undefined;
}) {
  const field = (name: 'host' | 'port' | 'user', label: string) => (
    <TextField
      label={label}
      autoComplete="off"
      value={draft[name]}
      onChange={(value) => onChange({ ...draft, [name]: value })}
      error={errorOf(`tunnel.${name}`)}
    />
  );
  return (
    <div className="space-y-4 border-l-2 border-line pl-4">
      {field('host', words.tunnelHost)}
      {field('port', words.tunnelPort)}
      {field('user', words.tunnelUser)}
      <Field label={words.tunnelKey} hint={words.tunnelKeyHint} error={errorOf('tunnel.key')}>
        {(control) => (
          <textarea
            {...control}
            rows={3}
            spellCheck={false}
            value={draft.key}
            onChange={({ target }) => onChange({ ...draft, key: target.value })}
            className={`${controlClass} font-mono`}
          />
        )}
      </Field>
      <TextField
        label={words.hostKey}
        hint={words.hostKeyHint}
        autoComplete="off"
        value={draft.hostKey}
        onChange={(hostKey) => onChange({ ...draft, hostKey })}
        error={errorOf('tunnel.host_key')}
      />
    </div>
  );
}
