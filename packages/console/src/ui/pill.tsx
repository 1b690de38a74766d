import {
  CircleCheck,
  CirclePause,
  Hourglass,
  type LucideIcon,
  OctagonX,
  RefreshCw,
  TriangleAlert,
} from 'lucide-react';
import type { Sync } from '../api/queries.ts';

/** Which of six looks a state has; the API says which. */
export type Family = Sync['family'];

const looks: Record<Family, { icon: LucideIcon; colour: string }> = {
  good: { icon: CircleCheck, colour: 'text-ok bg-ok-bg' },
  working: { icon: RefreshCw, colour: 'text-info bg-info-bg' },
  waiting: { icon: Hourglass, colour: 'text-warn bg-warn-bg' },
  gaps: { icon: TriangleAlert, colour: 'text-warn bg-warn-bg' },
  stopped: { icon: OctagonX, colour: 'text-crit bg-crit-bg' },
  resting: { icon: CirclePause, colour: 'text-idle bg-idle-bg' },
};

/** A state, or another word of a closed list: an icon and the word; the colour is decoration. The border is what stays in forced colours. */
export function Pill({ word, family, icon }: { word: string; family: Family; icon?: LucideIcon }) {
  const { icon: usual, colour } = looks[family];
  const Icon = icon ?? usual;
  return (
    <span
      data-family={family}
      className={`inline-flex min-h-6 items-center gap-1 rounded-control border border-current/30 px-2 py-0.5 text-sm font-medium ${colour}`}
    >
      <Icon aria-hidden size={14} className="shrink-0" />
      {word}
    </span>
  );
}
