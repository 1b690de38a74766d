import { useQuery } from '@tanstack/react-query';
import { api, bodyOf } from '../../api/client.ts';
import { KeysPanel } from '../../ui/keys-panel.tsx';
import { words } from './access-words.ts';

export function ProxyKeys({ sync }: { sync: string }) {
  const queryKey = ['proxy keys', sync];
  const path = { sync };
  const query = useQuery({
    queryKey,
    queryFn: ({ signal }) =>
      bodyOf(api.GET('/api/v1/syncs/{sync}/proxy-keys', { signal, params: { path, query: { limit: 500 } } })),
  });
  return (
    <KeysPanel
      title={words.proxyKeys}
      hint={words.proxyKeysHint}
      empty={words.noProxyKeys}
      query={query}
      access={{
        queryKey,
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
