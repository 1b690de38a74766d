import { counted, formatCount } from '../../words/format.ts';

/** Words of the page of all objects, and of the one that adds some. */
export const words = {
  title: 'Objects',
  show: 'Show',
  all: (count: number) => `All objects (${formatCount(count)})`,
  filtered: (shown: number, all: number) => `${formatCount(shown)} of ${counted(all, 'object')}`,
  unwell: (count: number) => `Not current (${formatCount(count)})`,
  ofState: (word: string, count: number) => `${word} (${formatCount(count)})`,
  noneOf: 'No object is in this state.',
  showAll: 'Show all objects',
  add: 'Add objects',
  addTitle: 'Add objects',
  back: 'All objects',
  search: 'Find an object by label or API name',
  kinds: {
    possible: 'Possible',
    recommended: 'Recommended',
    standard: 'Standard',
    custom: 'Custom',
    'not possible': 'Not possible',
  },
  orgObjects: 'Objects of the org',
  pick: 'Add',
  pickNamed: (name: string) => `Add ${name}`,
  label: 'Label',
  name: 'API name',
  records: 'Records (about)',
  note: 'Note',
  isMirrored: 'is mirrored already',
  none: '–',
  nothingFound: 'No object matches.',
  more: 'Show more',
  picked: (count: number, records: number) =>
    `${counted(count, 'object')}, about ${counted(records, 'record')}`,
  pickedNone: 'No object chosen yet.',
  addNamed: (count: number) => `Add ${counted(count, 'object')}`,
  happens: 'Their tables are made, then copied at once; the headline and this list show how far that is.',
  happensEach: (object: string, table: string, columns: number) =>
    `${object} as table ${table}, ${counted(columns, 'column')}`,
  stays: 'All other tables stay as they are and keep their pace.',
  costs: (records: number, requests: number, time: string) =>
    `About ${counted(records, 'record')}: by pages about ${counted(requests, 'request')}, ${time} at the pace of this sync. Large objects are read by Bulk jobs, which take far fewer.`,
  checking: 'Being checked in Salesforce and in the database.',
  progress: (step: string, done: number, of: number) => `${step}: ${formatCount(done)} of ${formatCount(of)}`,
  added: (count: number) => `${counted(count, 'object')} added. The first rows arrive now.`,
} as const;
