import type { ErrorEntry } from '../../api/queries.ts';
import { type Family, Pill } from '../../ui/pill.tsx';
import { words } from './words.ts';

const families: Record<ErrorEntry['kind'], Family> = {
  transient: 'waiting',
  permanent: 'resting',
  'needs-person': 'stopped',
};

export const ErrorKind = ({ kind }: Pick<ErrorEntry, 'kind'>) => (
  <Pill word={words.kinds[kind]} family={families[kind]} />
);
