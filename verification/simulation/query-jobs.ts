/**
 * Query jobs of the model org, as in Bulk API 2.0.
 *
 * Modelled: a job takes a while; each record is read at its own instant between the job's creation and the time
 * at which its results are ready; results have any order, and are cut into pages of any length. A job is refused, fails,
 * is aborted, hangs, loses its results, counts them wrongly, or has one record twice instead of another; a page is cut
 * off, has its columns in another order, or a wrong number of records in its header.
 *
 * Left out: results that differ between two downloads. Salesforce writes them into files.
 */
import { assert } from '@lockstep/foundation/assert';
import type { Random } from '@lockstep/foundation/random';
import type { Agenda } from './agenda.ts';
import { type ModelOrg, type OrgRecord, type Version, valueFields, versionAt } from './org.ts';
import type { Profile } from './profile.ts';
import { selectedByJob } from './soql.ts';

export interface PlainAnswer {
  status: number;
  text: string;
}

/** A page of results; the body of a cut one breaks off. */
export interface ResultFile {
  headers: Readonly<Record<string, string>>;
  text: string;
  isCutOff: boolean;
}

const faults = ['failed', 'aborted', 'hanging', 'lost', 'miscounted', 'repeating', 'damaged'] as const;
type Fate = 'complete' | (typeof faults)[number];

interface Job {
  id: string;
  fields: readonly string[];
  fate: Fate;
  isAborted: boolean;
  readyAt: number;
  /** When each record is read, in order. */
  instants: readonly number[];
  /** CSV lines, when they are ready. */
  lines: readonly string[];
  /** Where each page begins. */
  pageStarts: readonly number[];
  /** From when on its results are gone. */
  lostAt: number;
}

export interface QueryJobsContext {
  agenda: Agenda;
  random: Random;
  org: ModelOrg;
  profile: Profile;
  /** See `Network.happens`. */
  happens: (share: number) => boolean;
}

const pagesPerList = 2;

export class QueryJobs {
  private readonly jobs = new Map<string, Job>();
  private readonly context: QueryJobsContext;

  constructor(context: QueryJobsContext) {
    this.context = context;
  }

  /** Answers a request whose path begins with that of the jobs. */
  answer(method: string, path: string, body: string): PlainAnswer {
    if (method === 'POST') return this.create(body);
    const [, below = '', id = '', rest = ''] = /^(.*\/jobs\/query\/)(\w+)(.*)$/.exec(path) ?? [];
    const job = this.jobs.get(id);
    assert(job, 'a job that is asked about was created');
    if (method === 'PATCH') job.isAborted = true;
    if (rest === '') return answerOf(this.stateOf(job));
    return this.isLost(job) ? gone : answerOf(this.pagesOf(job, `${below}${id}`, rest));
  }

  /** A page of results, or a refusal. */
  download(path: string): PlainAnswer | ResultFile {
    const { happens, profile } = this.context;
    const [, id = ''] = /\/jobs\/query\/(\w+)\/results\?/.exec(path) ?? [];
    const page = Number(/[?&]locator=(\d+)/.exec(path)?.[1] ?? 0);
    const job = this.jobs.get(id);
    assert(job, 'a job whose results are read was created');
    if (this.isLost(job)) return gone;
    const lines = job.lines.slice(job.pageStarts[page], job.pageStarts[page + 1]);
    const file = {
      headers: {
        'sforce-locator': page + 1 < job.pageStarts.length ? String(page + 1) : 'null',
        'sforce-numberofrecords': String(lines.length),
      },
      text: `${[csvLine(job.fields), ...lines].join('\n')}\n`,
      isCutOff: false,
    };
    if (job.fate === 'damaged') return reordered(file);
    return happens(profile.damagedFileShare) ? this.damaged(file) : file;
  }

  private create(body: string): PlainAnswer {
    const { org, profile, random, happens } = this.context;
    const { query } = JSON.parse(body) as { query: string };
    const { sobject, fields, records } = selectedByJob(org, query);
    if (org.isForbidden(sobject)) return refusal(400, 'INVALID_TYPE');
    if (happens(profile.refusedShare)) return refusal(400, random.pick(refusals));
    const fate = happens(profile.jobFaultShare) ? random.pick(faults) : 'complete';
    return this.begin(records, fields, fate);
  }

  private begin(records: readonly OrgRecord[], fields: readonly string[], fate: Fate): PlainAnswer {
    const { agenda, random, profile } = this.context;
    const id = `750${String(this.jobs.size + 1).padStart(12, '0')}AAA`;
    const { now } = agenda;
    const lastsMs = random.between(1_000, profile.jobLastsMs);
    const readAt = new Map(records.map((record) => [record, now + random.next() * lastsMs]));
    const job: Job = {
      id,
      fields,
      fate,
      isAborted: false,
      readyAt: now + lastsMs,
      instants: [...readAt.values()].toSorted((a, b) => a - b),
      lines: [],
      pageStarts: [0],
      lostAt: fate === 'lost' ? now + lastsMs + random.between(0, 30_000) : Infinity,
    };
    this.jobs.set(id, job);
    agenda.at(job.readyAt, () => this.complete(job, readAt));
    return answerOf({ id, state: 'UploadComplete' });
  }

  private complete(job: Job, readAt: ReadonlyMap<OrgRecord, number>): void {
    const { random, org } = this.context;
    const read = [...readAt].flatMap(([record, instant]) => {
      const version = versionAt(record, instant);
      return version && !version.isDeleted && !record.isHidden
        ? [{ record, version, rank: random.next() }]
        : [];
    });
    const inOrder = read.toSorted((a, b) => a.rank - b.rank);
    if (job.fate === 'repeating' && inOrder.length > 1) {
      const [first, other] = [random.between(0, inOrder.length - 1), random.between(0, inOrder.length - 1)];
      const twice = inOrder[first] as (typeof inOrder)[number];
      inOrder[other] = twice;
      org.repeated.add(twice.record.id);
    }
    job.lines = inOrder.map(({ record, version }) =>
      csvLine(job.fields.map((field) => valueOf(record, version, field))),
    );
    const starts = [0];
    for (let at = this.pageLength(); at < job.lines.length; at += this.pageLength()) starts.push(at);
    job.pageStarts = starts;
  }

  /** Salesforce makes pages as long as it likes, at most as long as asked for. */
  private pageLength(): number {
    const { random, profile } = this.context;
    return random.between(...profile.resultRows);
  }

  private isLost({ lostAt }: Job): boolean {
    return this.context.agenda.now >= lostAt;
  }

  private stateOf({ id, fate, readyAt, instants, lines, isAborted }: Job): object {
    const { now } = this.context.agenda;
    if (isAborted) return { id, state: 'Aborted' };
    if (fate === 'hanging') return { id, state: 'InProgress', numberRecordsProcessed: 0 };
    if (now < readyAt)
      return {
        id,
        state: 'InProgress',
        numberRecordsProcessed: instants.filter((instant) => instant <= now).length,
      };
    if (fate === 'failed')
      return { id, state: 'Failed', errorMessage: 'InternalServerError : Retried more than fifteen times' };
    if (fate === 'aborted') return { id, state: 'Aborted' };
    const numberRecordsProcessed = lines.length + (fate === 'miscounted' ? 1 : 0);
    return { id, state: 'JobComplete', numberRecordsProcessed };
  }

  private pagesOf({ pageStarts }: Job, path: string, rest: string): object {
    const [, maxRecords = '', locator = '0'] =
      /^\/resultPages\?maxRecords=(\d+)(?:&locator=(\d+))?$/.exec(rest) ?? [];
    assert(maxRecords !== '', 'the list of result pages is asked for');
    const from = Number(locator);
    const to = Math.min(pageStarts.length, from + pagesPerList);
    const numbers = pageStarts.map((_, page) => page).slice(from, to);
    const done = to === pageStarts.length;
    return {
      resultPages: numbers.map((page) => ({
        resultUrl: `${path}/results?maxRecords=${maxRecords}&locator=${page}`,
      })),
      ...(!done && { nextRecordsUrl: `${path}/resultPages?maxRecords=${maxRecords}&locator=${to}` }),
      done,
    };
  }

  private damaged(file: ResultFile): ResultFile {
    const { random } = this.context;
    const count = Number(file.headers['sforce-numberofrecords']);
    const text = file.text.slice(0, random.between(0, file.text.length - 1));
    switch (random.between(0, 5)) {
      case 0:
        return { ...file, text, isCutOff: true };
      case 1:
        return { ...file, text };
      case 2:
        return reordered(file);
      case 3:
        return { ...file, headers: { ...file.headers, 'sforce-numberofrecords': String(count + 1) } };
      case 4:
        return { ...file, headers: { 'sforce-locator': String(file.headers['sforce-locator']) } };
      default:
        return { ...file, text: file.text.slice(0, -1) };
    }
  }
}

const refusals = ['LIMIT_EXCEEDED', 'INVALIDENTITY', 'INVALID_FIELD'] as const;

const refusal = (status: number, errorCode: string): PlainAnswer => ({
  status,
  text: JSON.stringify([{ errorCode, message: 'refused' }]),
});
const gone = refusal(404, 'NOT_FOUND');
const answerOf = (body: object): PlainAnswer => ({ status: 200, text: JSON.stringify(body) });

/** The same page with the Id in its last column. */
const reordered = (file: ResultFile): ResultFile => ({
  ...file,
  text: file.text.replaceAll(/^([^,\n]*),(.*)$/gm, '$2,$1'),
});

const csvLine = (values: readonly string[]) => values.map((value) => `"${value}"`).join(',');

function valueOf({ id }: OrgRecord, version: Version, field: string): string {
  switch (field) {
    case 'Id':
      return id;
    case 'IsDeleted':
      return String(version.isDeleted);
    case 'SystemModstamp':
      return new Date(version.stamp * 1000).toISOString();
    case 'A__c':
      return version.isMisfit ? `version ${version.A__c}` : String(version.A__c);
    default: {
      const known = [...valueFields, 'Life__c' as const].find((name) => name === field);
      assert(known, 'a job selects fields that the model org has');
      return String(version[known]);
    }
  }
}
