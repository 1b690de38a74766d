/** Words of the step that says how often a sync asks. */
import { counted, formatCount, formatDuration, formatPercent } from '../../words/format.ts';

export const budget = {
  pace: 'Pace',
  every: 'One request every … seconds',
  everyHint: '0.2 to 300.',
  perDay: '= requests a day',
  slower: 'Slower',
  faster: 'Faster',
  noPace: 'Enter 0.2 to 300 seconds.',
  noShare: 'Enter 10 to 100 percent.',
  figures: 'What that means',
  allows: 'This org allows',
  usedByOthers: 'Used now',
  ours: 'This sync at most',
  left: 'Left',
  firstCopy: 'Backfill',
  freshness: 'Freshness then',
  requests: (count: number) => counted(count, 'request'),
  inDay: (count: number) => `${counted(count, 'request')} in any 24 hours`,
  ofLimit: (count: number, percent: number) => `${formatCount(count)} (${formatPercent(percent)})`,
  unknown: 'Salesforce does not tell',
  copy: (records: number, requests: number, ms: number) =>
    `about ${counted(records, 'record')} in about ${counted(requests, 'request')}: at least ${formatDuration(ms)} at this pace, and Salesforce's own time`,
  readEvery: (objects: number, ms: number) =>
    `${counted(objects, 'object')}, 5 a request: each is read about every ${formatDuration(ms)}`,
  setTo: (usualPercent: number, seconds: number) =>
    `One request every 3 s would use ${formatPercent(usualPercent)} of this org's daily limit, so it is set to one every ${seconds} s.`,
  muchOfLimit: (percent: number) =>
    `That is ${formatPercent(percent)} of what the org allows: other programs may run out of requests.`,
  tooMuch: (percent: number) =>
    `That is ${formatPercent(percent)} of what the org allows: the sync would stop each day before its end. Choose a slower pace.`,
  advanced: 'Advanced',
  stopAt: 'Stop reading when the whole org has used … percent',
  stopAtHint: 'Of its daily requests, by all programs together. 10 to 100.',
} as const;
