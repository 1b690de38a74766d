import { api, bodyOf } from '../../api/client.ts';
import { asProblem } from '../../api/problem.ts';
import { Button } from '../../ui/button.tsx';
import { Menu } from '../../ui/menu.tsx';
import { toast } from '../../ui/toast.tsx';
import { words } from './words.ts';

const levels = ['counts', 'ids', 'content'] as const;

/** Compares the table with Salesforce, at one of three depths. */
export function VerifyMenu({ sync, object }: { sync: string; object: string }) {
  const verify = async (level: (typeof levels)[number]) => {
    try {
      const body = { kind: 'verify' as const, level, objects: [object] };
      await bodyOf(api.POST('/api/v1/syncs/{sync}/operations', { params: { path: { sync } }, body }));
      toast(words.asked(object));
    } catch (error) {
      const { says, next } = asProblem(error);
      toast(`${says} ${next}`);
    }
  };
  const items = levels.map((level) => ({
    label: words.levels[level],
    hint: words.levelHints[level],
    onSelect: () => void verify(level),
  }));
  return <Menu button={<Button>{words.verify}</Button>} items={items} />;
}
