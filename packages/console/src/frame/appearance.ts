/** Theme and density, which this browser remembers. `public/appearance.js` reads them before the first paint. */
import { useSyncExternalStore } from 'react';
import { stored } from '../ui/stored.ts';

export const themes = ['system', 'light', 'dark'] as const;
const densities = ['comfortable', 'compact'] as const;
export type Theme = (typeof themes)[number];
export type Density = (typeof densities)[number];

const theme = stored<Theme>('theme', themes, 'system');
const density = stored<Density>('density', densities, 'comfortable');
theme.subscribe(() => {
  document.documentElement.dataset.theme = theme.read();
});
density.subscribe(() => {
  document.documentElement.dataset.density = density.read();
});

export const useTheme = (): [Theme, (next: Theme) => void] => [
  useSyncExternalStore(theme.subscribe, theme.read),
  theme.write,
];
export const useDensity = (): [Density, (next: Density) => void] => [
  useSyncExternalStore(density.subscribe, density.read),
  density.write,
];
