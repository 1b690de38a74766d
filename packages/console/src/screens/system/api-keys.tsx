import { useQuery } from '@tanstack/react-query';
import { api, bodyOf } from '../../api/client.ts';
import { KeysPanel } from '../../ui/keys-panel.tsx';
import { words } from './words.ts';

const queryKey = ['API keys'];

export function ApiKeys() {
  const query = useQuery({
    queryKey,
    queryFn: ({ signal }) =>
      bodyOf(api.GET('/api/v1/api-keys', { signal, params: { query: { limit: 500 } } })),
  });
  return (
    <KeysPanel
      title={words.keys}
      hint={words.keysHint}
      empty={words.noKeys}
      query={query}
      access={{
        queryKey,
        make: async (body) => (await bodyOf(api.POST('/api/v1/api-keys', { body }))).key,
        revoke: async (name) => {
          await bodyOf(api.DELETE('/api/v1/api-keys/{name}', { params: { path: { name } } }));
        },
      }}
    />
  );
}
