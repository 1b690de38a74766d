import { useEffect } from 'react';
import type { Sync } from '../api/queries.ts';

const icons: Partial<Record<Sync['family'], string>> = {
  stopped: '/icon-stopped.svg',
  gaps: '/icon-waiting.svg',
  waiting: '/icon-waiting.svg',
};

/** The tab's icon says from afar whether the sync needs somebody. */
export function useFavicon(family: Sync['family'] | undefined): void {
  useEffect(() => {
    const link = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
    if (!link) return undefined;
    link.href = (family && icons[family]) ?? '/icon.svg';
    return () => {
      link.href = '/icon.svg';
    };
  }, [family]);
}
