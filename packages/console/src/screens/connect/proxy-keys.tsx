import { useQuery } from '@tanstack/react-query';
import { api, bodyOf } from '../../api/client.ts';
import { KeysPanel } from '../../ui/keys-panel.tsx';
import { proxyKeysQuery } from './proxy-keys-query.ts';
import { words } from './words.ts';

const text = words.keys;

/** What programs without a token of Salesforce send in its place. */
export function ProxyKeys({ sync }: { sync: string }) {
  const list = proxyKeysQuery(sync);
  const path = { sync };
  return (
    <KeysPanel
      title={text.title}
      hint={text.says}
      empty={text.empty}
      query={useQuery(list)}
      access={{
        queryKey: list.queryKey,
        make: async (body) =>
          (await bodyOf(api.POST('/api/v1/syncs/{sync}/proxy-keys', { params: { path }, body }))).key,
        revoke: async (name) => {
          const params = { path: { sync, name } };
          await bodyOf(api.DELETE('/api/v1/syncs/{sync}/proxy-keys/{name}', { params }));
        },
      }}
    />
  );
}
