/** Whether single keys do something; who uses speech input switches them off (WCAG 2.1.4). This browser remembers it. */
import { useSyncExternalStore } from 'react';
import { stored } from '../ui/stored.ts';

type OnOff = 'on' | 'off';
const shortcuts = stored<OnOff>('shortcuts', ['on', 'off'], 'on');

export const areShortcutsOn = (): boolean => shortcuts.read() === 'on';

export const useShortcutsSwitch = (): [OnOff, (next: OnOff) => void] => [
  useSyncExternalStore(shortcuts.subscribe, shortcuts.read),
  shortcuts.write,
];
