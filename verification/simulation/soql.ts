/**
 * Answers only the SOQL that the engine really writes: a query of another form stops the run, because the model must
 * not guess what Salesforce would answer.
 */
import {
  type ModelOrg,
  newest,
  type OrgRecord,
  type ValueField,
  type Version,
  valueFields,
  versionAt,
} from './org.ts';

export interface QueryAnswer {
  totalSize: number;
  done: boolean;
  records: readonly OrgRecord[];
  /** The records as Salesforce writes them, or an aggregate, which belongs to no record. */
  texts: readonly string[];
  /** The query's LIMIT. */
  limit: number;
  /** Only the columns that a sweep reads. */
  isPart: boolean;
  /** All changes since some time, including the newest. */
  isOfHead: boolean;
}

export interface Asked {
  soql: string;
  includeDeleted: boolean;
  /** The most rows in one answer, whatever the LIMIT says; the org keeps back the rest. */
  rowsMax: number;
  /** The answer shows nothing committed after this time. */
  asOf: number;
}

export const noRecords: QueryAnswer = {
  totalSize: 0,
  done: true,
  records: [],
  texts: [],
  limit: Infinity,
  isPart: false,
  isOfHead: false,
};

/** The fields of every sobject of the model org, in this order. */
export const fieldNames = ['Id', 'IsDeleted', 'SystemModstamp', ...valueFields, 'Life__c'] as const;

/** The fields that a sweep reads. */
const partNames = ['Id', 'SystemModstamp', 'Formula__c'] as const;

const form =
  /^SELECT ([\w, ]+) FROM (\w+)(?: WHERE (.+?))?(?: ORDER BY (Id|Id DESC|SystemModstamp, Id))?(?: LIMIT (\d+))?$/;
const sums = /^SELECT COUNT\(Id\) n, MAX\(SystemModstamp\) newest FROM (\w+) WHERE SystemModstamp < (\S+)$/;
const time = '(\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(?:\\.000)?Z)';
const since = new RegExp(
  `^SystemModstamp >= ${time}(?: AND SystemModstamp < ${time})?(?: AND Id > '(\\w{18})')?$`,
);
const either = /^\((SystemModstamp[^()]+)\) OR \((SystemModstamp[^()]+)\)$/;
const idBounds = /^(?:Id > '(\w{18})')?(?: AND )?(?:Id <= '(\w{18})')?$/;
const idAmong = /^Id IN \(((?:'\w{18}',?)+)\)$/;

type Condition = (record: OrgRecord, version: Version) => boolean;

export function answerQuery(org: ModelOrg, { soql, includeDeleted, rowsMax, asOf }: Asked): QueryAnswer {
  const summed = sums.exec(soql);
  if (summed) return answerSums(org, summed[1] ?? '', secondsOf(summed[2]));
  const [, fields, sobject, where, order, limit] = form.exec(soql) ?? [];
  const isPart = fields === partNames.join(', ');
  const isKnown = isPart || fields === fieldNames.join(', ') || fields === 'Id';
  if (!isKnown || sobject === undefined) return refuse(soql);
  const [, ids] = idAmong.exec(where ?? '') ?? [];
  const holds = where === undefined || ids !== undefined ? () => true : conditionOf(org, where);
  const found: OrgRecord[] = [];
  for (const record of ids === undefined ? org.all(sobject) : org.among(ids.slice(1, -1).split("','"))) {
    const version = versionAt(record, asOf);
    if (version && isSeen(record, version, includeDeleted) && holds(record, version)) found.push(record);
  }
  const stampOf = (record: OrgRecord) => versionAt(record, asOf)?.stamp ?? 0;
  if (order === 'Id DESC') found.reverse();
  if (order === 'SystemModstamp, Id') found.sort((a, b) => stampOf(a) - stampOf(b) || a.place - b.place);
  const rowsLimit = limit === undefined ? Infinity : Number(limit);
  const limited = found.length > rowsLimit ? found.slice(0, rowsLimit) : found;
  const records = limited.length > rowsMax ? limited.slice(0, rowsMax) : limited;
  const write = isPart ? partOf : textOf;
  return {
    totalSize: limited.length,
    done: records.length === limited.length,
    records,
    texts: records.map((record) => write(record, versionAt(record, asOf) as Version)),
    limit: rowsLimit,
    isPart,
    isOfHead: order === 'SystemModstamp, Id' && !/SystemModstamp < /.test(where ?? ''),
  };
}

/** What a Bulk job reads: records of the sobject, also ones that do not exist yet. */
export function selectedByJob(
  org: ModelOrg,
  soql: string,
): { sobject: string; fields: readonly string[]; records: readonly OrgRecord[] } {
  const [, fields = '', sobject, where, order, limit] = form.exec(soql) ?? [];
  if (sobject === undefined || order !== undefined || limit !== undefined) return refuse(soql);
  const holds = where === undefined ? () => true : isInRange(org, where);
  return { sobject, fields: fields.split(', '), records: org.all(sobject).filter(holds) };
}

const isSeen = ({ isHidden, isPurged }: OrgRecord, { isDeleted }: Version, includeDeleted: boolean) =>
  !isHidden && !isPurged && (includeDeleted || !isDeleted);

function answerSums(org: ModelOrg, sobject: string, before: number): QueryAnswer {
  const stamps = org
    .all(sobject)
    .filter((record) => {
      const version = newest(record);
      return version && isSeen(record, version, false) && version.stamp < before;
    })
    .map((record) => newest(record)?.stamp ?? 0);
  const latest = stamps.length > 0 ? `"${stampText(Math.max(...stamps))}"` : 'null';
  const text = `{"attributes":{"type":"AggregateResult"},"n":${stamps.length},"newest":${latest}}`;
  return { ...noRecords, totalSize: 1, texts: [text] };
}

function conditionOf(org: ModelOrg, where: string): Condition {
  const two = either.exec(where);
  if (two) {
    const [one, other] = [conditionOf(org, two[1] ?? ''), conditionOf(org, two[2] ?? '')];
    return (record, version) => one(record, version) || other(record, version);
  }
  let parts = since.exec(where);
  if (parts) {
    const from = secondsOf(parts[1]);
    const to = parts[2] === undefined ? Infinity : secondsOf(parts[2]);
    const place = parts[3] === undefined ? -1 : org.find(parts[3]).place;
    return (record, { stamp }) => stamp >= from && stamp < to && record.place > place;
  }
  return isInRange(org, where);
}

function isInRange(org: ModelOrg, where: string): (record: OrgRecord) => boolean {
  const parts = idBounds.exec(where);
  if (!parts) return refuse(where);
  const after = parts[1] === undefined ? -Infinity : org.placeOf(parts[1]);
  const upTo = parts[2] === undefined ? Infinity : org.placeOf(parts[2]);
  return ({ place }) => place > after && place <= upTo;
}

const secondsOf = (text: string | undefined) => Date.parse(text ?? '') / 1000;

function refuse(text: string): never {
  throw new Error(`the model org does not know this form of SOQL: ${text}`);
}

/** A version of a record as Salesforce writes it. */
export function textOf(record: OrgRecord, version: Version): string {
  if (version !== newest(record)) return writtenOut(record, version);
  record.text ??= writtenOut(record, version);
  return record.text;
}

export const stampText = (stamp: number) => `${new Date(stamp * 1000).toISOString().slice(0, 19)}.000+0000`;

function writtenOut({ sobject, id }: OrgRecord, version: Version): string {
  const valueOf = (field: ValueField | 'Life__c') =>
    field === 'A__c' && version.isMisfit ? `"version ${version.A__c}"` : version[field];
  const values = [...valueFields, 'Life__c' as const].map((field) => `"${field}":${valueOf(field)}`);
  return `{"attributes":{"type":"${sobject}"},"Id":"${id}","IsDeleted":${version.isDeleted},"SystemModstamp":"${stampText(version.stamp)}",${values.join(',')}}`;
}

function partOf({ sobject, id }: OrgRecord, { stamp, Formula__c: formula }: Version): string {
  return `{"attributes":{"type":"${sobject}"},"Id":"${id}","SystemModstamp":"${stampText(stamp)}","Formula__c":${formula}}`;
}
