/**
 * Answers the SOQL that the engine really writes, and nothing else: a query of another form stops the run, because
 * the model must not guess what Salesforce would say to it.
 */
import { type ModelOrg, newest, type OrgRecord, type Version, valueFields } from './org.ts';

export interface QueryAnswer {
  totalSize: number;
  done: boolean;
  records: readonly OrgRecord[];
}

/** Of every sobject of the model org, in this order. */
export const fieldNames = ['Id', 'IsDeleted', 'SystemModstamp', ...valueFields, 'Life__c'] as const;

const form =
  /^SELECT ([\w, ]+) FROM (\w+)(?: WHERE (.+?))?(?: ORDER BY (Id|SystemModstamp, Id))?(?: LIMIT (\d+))?$/;
const time = '(\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(?:\\.000)?Z)';
const since = new RegExp(`^SystemModstamp >= ${time}(?: AND SystemModstamp < ${time})?$`);
const behind = new RegExp(
  `^\\(\\(SystemModstamp = ${time} AND Id > '(\\w{18})'\\) OR SystemModstamp > ${time}\\)(?: AND SystemModstamp < ${time})?$`,
);
const idAfter = /^Id > '(\w{18})'$/;
const idAmong = /^Id IN \(((?:'\w{18}',?)+)\)$/;

type Condition = (record: OrgRecord, version: Version) => boolean;

/** @param rowsMax  the org keeps the rest of a longer answer back, as it may whatever the LIMIT says */
export function answerQuery(
  org: ModelOrg,
  soql: string,
  includeDeleted: boolean,
  rowsMax: number,
): QueryAnswer {
  const [, fields, sobject, where, order, limit] = form.exec(soql) ?? [];
  if (fields !== fieldNames.join(', ') || sobject === undefined) return refuse(soql);
  const holds = where === undefined ? () => true : conditionOf(org, where);
  const found = org.all(sobject).filter((record) => {
    const version = newest(record);
    return version && (includeDeleted || !version.isDeleted) && holds(record, version);
  });
  if (order === 'SystemModstamp, Id') found.sort((a, b) => stampOf(a) - stampOf(b) || a.place - b.place);
  const limited = limit === undefined ? found : found.slice(0, Number(limit));
  const records = limited.slice(0, rowsMax);
  return { totalSize: limited.length, done: records.length === limited.length, records };
}

function conditionOf(org: ModelOrg, where: string): Condition {
  let parts = since.exec(where);
  if (parts) {
    const from = secondsOf(parts[1]);
    const to = parts[2] === undefined ? Infinity : secondsOf(parts[2]);
    return (_, { stamp }) => stamp >= from && stamp < to;
  }
  parts = behind.exec(where);
  if (parts) {
    const [, stampText, id = '', again, end] = parts;
    if (stampText !== again) return refuse(where);
    const from = secondsOf(stampText);
    const { place } = org.find(id);
    const to = end === undefined ? Infinity : secondsOf(end);
    return (record, { stamp }) => (stamp > from || (stamp === from && record.place > place)) && stamp < to;
  }
  parts = idAfter.exec(where);
  if (parts) {
    const { place } = org.find(parts[1] ?? '');
    return (record) => record.place > place;
  }
  parts = idAmong.exec(where);
  if (!parts) return refuse(where);
  const ids = new Set((parts[1] ?? '').slice(1, -1).split("','"));
  return (record) => ids.has(record.id);
}

const secondsOf = (text: string | undefined) => Date.parse(text ?? '') / 1000;
const stampOf = (record: OrgRecord) => newest(record)?.stamp ?? 0;

function refuse(text: string): never {
  throw new Error(`the model org does not know this form of SOQL: ${text}`);
}

/** A record as Salesforce writes it. */
export function textOf(record: OrgRecord): string {
  record.text ??= writtenOut(record);
  return record.text;
}

function writtenOut(record: OrgRecord): string {
  const version = newest(record) as Version;
  const stamp = `${new Date(version.stamp * 1000).toISOString().slice(0, 19)}.000+0000`;
  const values = [...valueFields, 'Life__c' as const].map((field) => `"${field}":${version[field]}`);
  return `{"attributes":{"type":"${record.sobject}"},"Id":"${record.id}","IsDeleted":${version.isDeleted},"SystemModstamp":"${stamp}",${values.join(',')}}`;
}
