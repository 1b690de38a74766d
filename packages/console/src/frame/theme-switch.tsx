import { Check, Moon, Sun, SunMoon } from 'lucide-react';
import { Button } from '../ui/button.tsx';
import { Menu } from '../ui/menu.tsx';
import { frame } from '../words/frame.ts';
import { themes, useTheme } from './appearance.ts';

const icons = { system: SunMoon, light: Sun, dark: Moon };

/** Chooses the theme: the system's, light or dark. */
export function ThemeSwitch() {
  const [theme, setTheme] = useTheme();
  const Icon = icons[theme];
  const button = (
    <Button look="quiet" aria-label={`${frame.theme}: ${frame.themes[theme]}`}>
      <Icon aria-hidden size={16} />
    </Button>
  );
  const items = themes.map((one) => ({
    label: frame.themes[one],
    icon: one === theme ? Check : undefined,
    onSelect: () => setTheme(one),
  }));
  return <Menu button={button} items={items} />;
}
