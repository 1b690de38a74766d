import type { SyncView } from '../../contract/syncs.ts';

/** The name of a sync, and where its proxy is. */
export const placeLines = ({ name, id, base_url: baseUrl }: SyncView): string[] => [
  `${name}  ${id}`,
  '',
  "The proxy, in place of the org's address:",
  `  ${baseUrl ?? 'none runs on this server'}`,
];
