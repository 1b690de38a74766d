import {
  CircleAlert,
  CircleDot,
  Copy,
  Database,
  KeyRound,
  type LucideIcon,
  Scale,
  Server,
  Table2,
  TriangleAlert,
} from 'lucide-react';
import type { Activity } from '../../api/queries.ts';
import { words } from './words.ts';

const icons: Record<Activity['kind'], LucideIcon> = {
  state: CircleDot,
  problem: TriangleAlert,
  backfill: Copy,
  check: Scale,
  schema: Table2,
  credential: KeyRound,
  destination: Database,
  org: Server,
};

/** What kind of entry it is; and in words, not by colour alone, whether somebody had to act. */
export function ActivityKind({ entry: { kind, needs_person: neededSomebody } }: { entry: Activity }) {
  const Icon = neededSomebody ? CircleAlert : (icons[kind] ?? CircleDot);
  return (
    <span className={`flex items-center gap-2 ${neededSomebody ? 'font-medium text-crit' : ''}`}>
      <Icon aria-hidden size={16} className={`shrink-0 ${neededSomebody ? '' : 'text-muted'}`} />
      <span>
        {words.kinds[kind] ?? kind}
        {neededSomebody && <span className="block text-sm font-normal">{words.neededSomebody}</span>}
      </span>
    </span>
  );
}
