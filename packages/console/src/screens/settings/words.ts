import { counted, formatCount, formatDuration, formatPercent } from '../../words/format.ts';

const seconds = (ms: number) => `${ms / 1_000} s`;

/** Words of the settings of a sync, apart from its logins, keys, credential and database. */
export const words = {
  title: 'Settings',
  onThisPage: 'On this page',
  save: 'Save',
  saved: (what: string) => `${what} is saved.`,
  undone: (what: string) => `${what} is as it was.`,
  notUndone: 'Not undone: somebody has changed the settings since.',
  discard: 'Discard',

  reading: 'Reading',
  readingHint:
    'How often this sync asks Salesforce by itself, and when it leaves the rest to other programs.',
  paused: 'Paused',
  pausedHint: 'Nothing is read. The data stays, and the proxy keeps working and storing what it writes.',
  pausedNamed: 'Pausing',
  pace: 'The pace',
  every: 'Seconds between two requests',
  everyHint: 'From 0.2 to 300.',
  perDay: 'Requests a day',
  perDayHint: 'The same as a number: one changes the other.',
  stopAt: 'Stop line, in percent',
  stopAtHint:
    'It waits once all programs together have used this share of the daily requests of the org. 10 to 100.',
  notInRange: (from: number, to: number) => `Enter a number from ${from} to ${to}.`,
  costs: 'What it costs',
  allowed: 'This org allows',
  inAnyDay: (count: number) => `${formatCount(count)} in 24 hours`,
  usedByOthers: 'Others use now',
  atMost: 'This sync at most',
  wasSoFar: 'Of this sync in the last 24 hours',
  left: 'Left',
  none: 'None',
  ofOrg: (count: number, percent: number) => `${formatCount(count)} (${formatPercent(percent)})`,
  unknownLimit: 'Salesforce has not said yet how many requests the org may make.',
  notIncluded: 'Requests through the proxy and their read-backs come on top.',
  eachRead: 'Each object is asked about every',
  eachReadSays: (ms: number, objects: number) => `${formatDuration(ms)}, with ${counted(objects, 'object')}`,
  tooMuch: (percent: number) =>
    `That is ${formatPercent(percent)} of what the org allows. Reading would stop at the stop line for the rest of each day.`,
  wouldStop: 'With what others use, the stop line would be reached before the day is over.',

  fields: 'Fields left out',
  fieldsHint:
    'One a line, as OBJECT.FIELD with * for any characters: Contact.Notes__c, *.Internal__c. A column that is there keeps its last values. A field that is taken in again is filled by reading all records of its object.',
  foreignKeys: 'Foreign keys between the tables',
  foreignKeysHint:
    'They refuse no row, and tell tools how the tables belong together. They need PostgreSQL 18.',
  tables: 'Tables',
  foreignKeysNamed: 'The setting of foreign keys',
  fieldsNamed: 'The list of fields',

  version: 'API version',
  versionHint: 'Of Salesforce, that this sync speaks. Another one needs no new copy.',
  versionNamed: 'The API version',
  versionOf: (version: string, label: string) => `${version} (${label})`,
  newest: ', the newest that both know',
  ends: 'Salesforce stops serving this version',

  writes: 'Writes while the database is away',
  writesHint: 'What the proxy does with a write that it could not store at once.',
  writesNamed: 'What happens to writes',
  writesLegend: 'Such a write is',
  refuse: 'Refused',
  refuseHint: 'It does not reach Salesforce, so the mirror never shows less than what was written.',
  forward: 'Forwarded',
  forwardHint: 'Salesforce gets it, and the mirror shows it when its database is back.',

  conflict: 'Somebody has changed these settings meanwhile',
  conflictSays: 'Nothing of yours was saved.',
  conflictBy: (who: string) => `It was ${who}.`,
  setting: 'Setting',
  wasThen: 'When you began',
  isNow: 'Now',
  yours: 'Yours',
  saveMine: 'Save mine all the same',
  takeTheirs: 'Take theirs',
  settingNames: {
    paused: 'Paused',
    interval_ms: 'Time between two requests',
    stop_at_percent: 'Stop line',
    on_database_down: 'Writes while the database is away',
    foreign_keys: 'Foreign keys',
    fields_left_out: 'Fields left out',
    api_version: 'API version',
  },
  shown: (name: string, value: unknown): string => {
    if (typeof value === 'boolean') return value ? 'yes' : 'no';
    if (Array.isArray(value)) return value.length === 0 ? 'none' : value.join(', ');
    if (name === 'interval_ms') return seconds(Number(value));
    if (name === 'stop_at_percent') return `${String(value)} %`;
    return String(value);
  },

  deletion: 'Delete',
  delete: 'Delete this sync',
  deleteHint: 'Erases the mirror and all that Lockstep knows about this sync. Salesforce stays as it is.',
  deleteNamed: (name: string) => `Delete ${name}`,
  deleteCosts: 'Nothing in Salesforce. A new sync has to copy everything again.',
  deleted: (name: string) => `${name} has been deleted.`,
  keepMirror: 'Keep the tables',
  keepMirrorHint: 'They stay in your database as they are now.',
} as const;
