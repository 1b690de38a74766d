import { useSyncExternalStore } from 'react';
import type { Zone } from '../words/format.ts';
import { stored } from './stored.ts';

const zone = stored<Zone>('zone', ['local', 'UTC'], 'local');

/** In which zone exact times are shown, and what changes that. */
export const useZone = (): [Zone, (next: Zone) => void] => [
  useSyncExternalStore(zone.subscribe, zone.read),
  zone.write,
];
