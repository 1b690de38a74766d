/** Words of the wizard's frame, and of what several of its steps show. */
import { counted } from '../../words/format.ts';

export const steps = ['connect', 'check', 'objects', 'budget', 'destination', 'review'] as const;
export type Step = (typeof steps)[number];

export const words = {
  title: 'New sync',
  steps: 'Steps',
  step: (number: number) => `Step ${number} of ${steps.length}`,
  names: {
    connect: 'Connect',
    check: 'Check',
    objects: 'Objects',
    budget: 'Budget',
    destination: 'Destination',
    review: 'Review',
  },
  headings: {
    connect: 'Connect an org',
    check: 'What this user may do',
    objects: 'Choose objects',
    budget: 'How often it asks',
    destination: 'Where the tables are',
    review: 'Review and start',
  },
  done: 'done',
  notOpen: 'opens after the step before',
  secretsGone: 'A reload keeps your answers, but not the secrets: enter them again.',
  back: 'Back',
  next: 'Continue',
  checkAgain: 'Check again',
  checking: 'Checking',
  checked: 'Checked',
  old: (age: string) => `This result is ${age} old. Something may have changed since.`,
  outdated: 'The answers have changed since the last check.',
  passed: 'Passed',
  advice: 'Advice',
  mustFix: 'Must fix',
  failed: 'Failed',
  skipped: 'Skipped',
  repair: 'Repair',
  repairSql: (check: string) => `The statement that repairs ${check}`,
  copyRepair: (check: string) => `Copy: repair of ${check}`,
  checkColumn: 'Check',
  objectsCount: (count: number) => counted(count, 'object'),
} as const;
