import { Moon, Sun, SunMoon } from 'lucide-react';
import { Button } from '../ui/button.tsx';
import { frame } from '../words/frame.ts';
import { type Theme, useTheme } from './appearance.ts';

const next: Record<Theme, Theme> = { system: 'light', light: 'dark', dark: 'system' };
const icons = { system: SunMoon, light: Sun, dark: Moon };

/** Goes from the system's theme to light to dark. Not a menu: that is a sixth of the first load. */
export function ThemeSwitch() {
  const [theme, setTheme] = useTheme();
  const Icon = icons[theme];
  return (
    <Button
      look="quiet"
      onClick={() => setTheme(next[theme])}
      aria-label={`${frame.theme}: ${frame.themes[theme]}`}
    >
      <Icon aria-hidden size={16} />
    </Button>
  );
}
