import { queryOptions } from '@tanstack/react-query';
import { api, bodyOf } from '../../api/client.ts';

export const proxyKeysQuery = (sync: string) =>
  queryOptions({
    queryKey: ['proxy keys', sync],
    queryFn: ({ signal }) =>
      bodyOf(
        api.GET('/api/v1/syncs/{sync}/proxy-keys', {
          signal,
          params: { path: { sync }, query: { limit: 500 } },
        }),
      ),
  });
