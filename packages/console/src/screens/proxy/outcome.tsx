import type { components } from '../../api/schema.d.ts';
import { type Family, Pill } from '../../ui/pill.tsx';
import { words } from './words.ts';

export type Outcome = components['schemas']['ProxyHours']['items'][number]['outcome'];

const families: Record<Outcome, Family> = {
  applied: 'good',
  pending: 'working',
  polled: 'resting',
  'passed on': 'resting',
  refused: 'stopped',
  unknown: 'gaps',
  'caller left': 'resting',
  read: 'resting',
};

export const OutcomePill = ({ outcome }: { outcome: Outcome }) => (
  <Pill word={words.outcomes[outcome].word} family={families[outcome]} />
);
