import {
  ArrowRight,
  CircleCheck,
  CircleHelp,
  Eye,
  Hourglass,
  type LucideIcon,
  OctagonX,
  RefreshCw,
  Unplug,
} from 'lucide-react';
import type { components } from '../../api/schema.d.ts';
import { type Family, Pill } from '../../ui/pill.tsx';
import { words } from './words.ts';

export type Outcome = components['schemas']['ProxyHours']['items'][number]['outcome'];

const looks: Record<Outcome, { family: Family; icon: LucideIcon }> = {
  applied: { family: 'good', icon: CircleCheck },
  pending: { family: 'working', icon: Hourglass },
  polled: { family: 'resting', icon: RefreshCw },
  'passed on': { family: 'resting', icon: ArrowRight },
  refused: { family: 'stopped', icon: OctagonX },
  unknown: { family: 'gaps', icon: CircleHelp },
  'caller left': { family: 'resting', icon: Unplug },
  read: { family: 'resting', icon: Eye },
};

export const OutcomePill = ({ outcome }: { outcome: Outcome }) => (
  <Pill word={words.outcomes[outcome].word} {...looks[outcome]} />
);
