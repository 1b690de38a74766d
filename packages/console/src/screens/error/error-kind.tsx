import { Ban, CircleAlert, Hourglass, type LucideIcon } from 'lucide-react';
import type { ErrorEntry } from '../../api/queries.ts';
import { type Family, Pill } from '../../ui/pill.tsx';
import { words } from './words.ts';

const looks: Record<ErrorEntry['kind'], { family: Family; icon: LucideIcon }> = {
  transient: { family: 'waiting', icon: Hourglass },
  permanent: { family: 'resting', icon: Ban },
  'needs-person': { family: 'stopped', icon: CircleAlert },
};

export const ErrorKind = ({ kind }: Pick<ErrorEntry, 'kind'>) => (
  <Pill word={words.kinds[kind]} {...looks[kind]} />
);
