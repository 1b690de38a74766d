/**
 * The network between a Lockstep process and the model org, in place of the HTTP client: the engine's composite
 * requests arrive as text and answers are returned as text, so that the engine's own parsing runs.
 *
 * Modelled: requests and answers take time, some of them seconds; the queries of a request are answered one after the
 * other, each from what is committed at its own instant, or from a replica that lags; answers are lost, cut off in the
 * middle, repeat records, have them in any order, or leave some out; one query is refused, or the org refuses all
 * requests for a while; it returns fewer rows than asked for, and reports how much of its quota is used. The results of a
 * job arrive in small pieces, over seconds. An answer to a process that has died reaches nobody.
 *
 * Left out: signing in, redirects.
 */

import type { Random } from '@lockstep/foundation/random';
import { Fault } from 'lockstep/core/faults';
import type { OrgId } from 'lockstep/core/ids';
import type { Answer, Purpose, Salesforce } from 'lockstep/salesforce';
import type { Agenda } from './agenda.ts';
import { doubled, shortened, shuffled, thinned } from './distortions.ts';
import type { Meter, Waiting } from './meter.ts';
import { type ModelOrg, versionAt } from './org.ts';
import type { Profile } from './profile.ts';
import { type PlainAnswer, QueryJobs, type ResultFile } from './query-jobs.ts';
import { answerQuery, noRecords, type QueryAnswer, stampText } from './soql.ts';
import { describeOf } from './tables.ts';

export const orgId = '00D000000000001EAA' as OrgId;
const host = 'model.my.salesforce.com';

interface Subrequest {
  url: string;
  referenceId: string;
  httpHeaders?: Record<string, string>;
}

/** Nobody changes an object of the model org. */
const definedAt = 'Fri, 14 Aug 2020 20:53:02 GMT';

export class Network {
  /** Number of requests so far. */
  requests = 0;
  private readonly agenda: Agenda;
  private readonly random: Random;
  private readonly org: ModelOrg;
  private readonly profile: Profile;
  private readonly meter: Meter;
  private readonly jobs: QueryJobs;
  private readonly dataPath: string;
  /** All requests are refused until then. */
  private limitedUntil = 0;
  /** How wrong the time in the last answer was, by process and by kind of request whose times it compares. */
  private readonly wrongDates = new WeakMap<Waiting, Map<string, WrongDate>>();

  constructor(agenda: Agenda, random: Random, org: ModelOrg, profile: Profile, meter: Meter) {
    this.agenda = agenda;
    this.random = random;
    this.org = org;
    this.profile = profile;
    this.meter = meter;
    this.jobs = new QueryJobs({ agenda, random, org, profile, happens: (share) => this.happens(share) });
    this.dataPath = `/services/data/v${profile.apiVersion}`;
    if (profile.limitEveryMs !== null) this.scheduleLimit(profile.limitEveryMs);
  }

  /** How long a round trip takes. */
  roundTripMs(): number {
    const isSlow = this.random.next() < this.profile.slowShare;
    return isSlow ? this.random.between(...this.profile.slowMs) : this.random.between(80, 600);
  }

  /** True in this share of cases, until the calm in which nothing goes wrong any more. */
  happens(share: number): boolean {
    return this.agenda.now < this.profile.calmAt && this.random.next() < share;
  }

  /** @param readAs  how the process reads an answer's text */
  clientOf(waiting: Waiting, readAs: (text: string) => string = (text) => text): Salesforce {
    const { dataPath } = this;
    return {
      dataPath,
      setApiVersion: () => undefined,
      request: ({ method, path, body, purpose, timeoutMs }) =>
        new Promise((resolve, reject) => {
          this.requests++;
          this.meter.sent(waiting, purpose);
          const read = (answer: Answer) => resolve({ ...answer, text: readAs(answer.text) });
          const lane = laneOf(purpose, body);
          const exchange = { waiting, purpose, lane, isGivenUp: false, resolve: read, reject };
          if (timeoutMs !== undefined) this.giveUpAfter(timeoutMs, exchange);
          if (path === `${dataPath}/composite`) this.composite(exchange, body ?? '');
          else if (path.startsWith(`${dataPath}/jobs/query`))
            this.exchange(exchange, () => this.jobs.answer(method, path, body ?? ''));
          else this.exchange(exchange, () => ({ status: 200, text: this.plainAnswer(path) }));
        }),
      download: ({ path, purpose }) => this.download(waiting, path, purpose),
      identity: async () => ({ orgId, instanceUrl: `https://${host}` }),
      session: () => Promise.reject(new Error('no caller of the simulation has a key')),
      forgetRefusal: () => undefined,
      close: async () => undefined,
    };
  }

  /** Lets the request time out; an answer that comes later reaches nobody. */
  private giveUpAfter(timeoutMs: number, exchange: Exchange): void {
    this.agenda.after(timeoutMs, () => {
      if (!exchange.waiting.isAlive) return;
      exchange.isGivenUp = true;
      this.agenda.resume(() => exchange.reject(new Fault('NET-01', { host, reason: 'no answer in time' })));
    });
  }

  /** A request without queries: answered at one instant. */
  private exchange(exchange: Exchange, answer: () => PlainAnswer): void {
    const lastsMs = this.roundTripMs();
    this.agenda.after(this.random.next() * lastsMs, () => {
      const { status, text } = answer();
      const seconds = this.org.seconds;
      this.agenda.after(lastsMs / 2, () => this.deliver(exchange, text, seconds, status));
    });
  }

  /** Begins to deliver a page of a job's results. */
  private download(waiting: Waiting, path: string, purpose: Purpose): ReturnType<Salesforce['download']> {
    this.requests++;
    this.meter.sent(waiting, purpose);
    return new Promise((resolve, reject) => {
      this.agenda.after(this.roundTripMs(), () => {
        if (!waiting.isAlive) return;
        if (this.happens(this.profile.lostShare)) return this.agenda.resume(() => reject(connectionLost()));
        const isLimited = this.agenda.now < this.limitedUntil;
        const page = isLimited ? { status: 403, text: limited } : this.jobs.download(path);
        const usage = this.meter.usage();
        if (!isLimited) this.meter.told(waiting, purpose);
        const answer = { host, headers: {}, usage, serverNow: this.org.seconds, status: 200, text: '' };
        const download =
          'status' in page
            ? { answer: { ...answer, ...page }, body: null }
            : { answer: { ...answer, headers: page.headers }, body: this.piecesOf(page, waiting) };
        this.agenda.resume(() => resolve(download));
      });
    });
  }

  private async *piecesOf({ text, isCutOff }: ResultFile, waiting: Waiting): AsyncGenerator<Buffer> {
    for (let at = 0; at < text.length; ) {
      const length = this.random.between(1, pieceMax);
      await new Promise<void>((resolve) => {
        this.agenda.after(this.random.between(10, this.profile.pieceMs), () => {
          if (waiting.isAlive) this.agenda.resume(resolve);
        });
      });
      yield Buffer.from(text.slice(at, at + length));
      at += length;
    }
    if (isCutOff) throw connectionLost();
  }

  private plainAnswer(path: string): string {
    // Durable Ids are not among what the model org tells.
    if (path === this.dataPath || path.startsWith(`${this.dataPath}/query?`)) return '{}';
    const [, names = ''] = /recordCount\?sObjects=(.*)$/.exec(path) ?? [];
    const sObjects = names
      .split(',')
      .map((name) => ({ name, count: this.org.all(name).length * this.profile.countedTimes }));
    return JSON.stringify({ sObjects });
  }

  private composite(exchange: Exchange, body: string): void {
    const { compositeRequest } = JSON.parse(body) as { compositeRequest: readonly Subrequest[] };
    const lastsMs = this.roundTripMs();
    const start = this.agenda.now;
    const instants = compositeRequest
      .map(() => start + this.random.next() * lastsMs)
      .toSorted((a, b) => a - b);
    const answers: (QueryAnswer | null)[] = [];
    const texts: string[] = [];
    for (const [place, subrequest] of compositeRequest.entries()) {
      this.agenda.at(instants[place] as number, () => {
        texts.push(this.subAnswer(subrequest, exchange.purpose, answers));
        if (texts.length < compositeRequest.length) return;
        const whole = `{"compositeResponse":[${texts.join(',')}]}`;
        const seconds = this.org.seconds;
        this.agenda.at(start + lastsMs, () => this.deliver(exchange, whole, seconds));
      });
    }
  }

  private subAnswer(subrequest: Subrequest, purpose: Purpose, answers: (QueryAnswer | null)[]): string {
    const { url, referenceId, httpHeaders } = subrequest;
    const sobject = /\/sobjects\/(\w+)\/describe$/.exec(url)?.[1];
    const written = (body: string, headers: object, status: number) =>
      `{"body":${body},"httpHeaders":${JSON.stringify(headers)},"httpStatusCode":${status},"referenceId":"${referenceId}"}`;
    if (sobject !== undefined) {
      answers.push(noRecords);
      if (this.org.isForbidden(sobject)) return written(forbidden, {}, 400);
      const isKnown = httpHeaders?.['If-Modified-Since'] !== undefined;
      const body = isKnown ? 'null' : JSON.stringify({ ...describeOf(sobject), retrieveable: true });
      return written(body, { 'Last-Modified': definedAt }, isKnown ? 304 : 200);
    }
    const text = this.answerOne(subrequest, purpose, answers);
    return written(text, {}, answers.at(-1) ? 200 : 400);
  }

  private answerOne({ url }: Subrequest, purpose: Purpose, answers: (QueryAnswer | null)[]): string {
    const deleted = /\/sobjects\/(\w+)\/deleted\/\?start=(\S+)&end=(\S+)$/.exec(url);
    if (deleted) {
      const isForbidden = this.org.isForbidden(deleted[1] ?? '');
      answers.push(isForbidden ? null : noRecords);
      return isForbidden
        ? forbidden
        : this.deletedLog(deleted[1] ?? '', timeOf(deleted[2]), timeOf(deleted[3]));
    }
    const [, resource, encoded = ''] = /\/(query|queryAll)\?q=(.+)$/.exec(url) ?? [];
    const soql = resolved(decodeURIComponent(encoded), answers);
    const refusal = this.refusalOf(soql);
    if (soql === null || refusal !== null) {
      answers.push(null);
      return refusal ?? halted;
    }
    const rowsMax = this.rowsMax();
    const asOf = this.asOf(soql, purpose);
    const right = answerQuery(this.org, { soql, includeDeleted: resource === 'queryAll', rowsMax, asOf });
    const answer = this.distorted(right, asOf < Infinity);
    answers.push(answer);
    const { totalSize, done, texts } = answer;
    return `{"totalSize":${totalSize},"done":${done},"records":[${texts.join(',')}]}`;
  }

  /** The most rows that one answer returns. */
  private rowsMax(): number {
    const { keptBackShare, cutRows, pageRows, calmAt } = this.profile;
    if (cutRows && this.agenda.now < calmAt) return this.random.between(...cutRows);
    return this.happens(keptBackShare) ? Math.ceil(pageRows / 2) : Infinity;
  }

  private refusalOf(soql: string | null): string | null {
    if (soql === null) return halted;
    const sobject = / FROM (\w+)/.exec(soql)?.[1] ?? '';
    if (this.org.isForbidden(sobject)) return forbidden;
    const { refusesCounts, refusalsSpread, calmAt } = this.profile;
    if (refusesCounts && this.agenda.now < calmAt && /COUNT\(/.test(soql)) {
      if (refusalsSpread) this.org.forbid(sobject, 3_600_000);
      return forbidden;
    }
    return this.happens(this.profile.refusedShare) ? timedOut : null;
  }

  /**
   * The instant whose state the answer shows; infinite for the present. A replica that answers read-backs lags so far
   * that it cannot know the write, so the lag can be detected. One that answers other queries lags by seconds, which
   * cannot.
   */
  private asOf(soql: string, purpose: Purpose): number {
    const { staleShare, staleReadBackShare } = this.profile;
    if (purpose !== 'read-back') {
      return this.happens(staleShare) ? this.agenda.now - this.random.between(1_000, 10_000) : Infinity;
    }
    if (!this.happens(staleReadBackShare)) return Infinity;
    const asOf = this.agenda.now - this.random.between(25_000, 35_000);
    const record = this.org.find(/ Id IN \('(\w{18})'/.exec(soql)?.[1] ?? '');
    // A record that does not exist yet looks like one that is gone.
    const isAmbiguous = !versionAt(record, asOf) && record.versions.some(({ isDeleted }) => isDeleted);
    return isAmbiguous ? Infinity : asOf;
  }

  /** @param isStale  the answer is a lagging replica's, which could not know a record's other version */
  private distorted(right: QueryAnswer, isStale: boolean): QueryAnswer {
    const { doubledShare, shuffledShare, shortShare, thinnedShare } = this.profile;
    const { random } = this;
    let answer = right;
    if (this.happens(shortShare) && answer.isOfHead) answer = shortened(answer, random);
    if (this.happens(thinnedShare) && answer.isPart) answer = thinned(answer, random);
    if (!isStale && this.happens(doubledShare)) answer = doubled(answer, random);
    if (this.happens(shuffledShare)) answer = shuffled(answer, random);
    return answer;
  }

  private scheduleLimit(everyMs: number): void {
    this.agenda.after(this.random.between(1_000, everyMs), () => {
      if (this.agenda.now >= this.profile.quietAt) return;
      this.limitedUntil = this.agenda.now + this.random.between(5_000, 30_000);
      this.scheduleLimit(everyMs);
    });
  }

  private deletedLog(sobject: string, from: number, until: number): string {
    const { deleted, covered } = this.org.deletedBetween(sobject, from, until);
    return JSON.stringify({
      deletedRecords: deleted.map(({ id, versions }) => ({
        id,
        deletedDate: stampText(versions.at(-1)?.stamp ?? 0),
      })),
      earliestDateAvailable: stampText(0),
      latestDateCovered: stampText(covered),
    });
  }

  /** The time in the answer to a process. */
  private dateOf({ waiting, lane }: Pick<Exchange, 'waiting' | 'lane'>, serverNow: number): number {
    const { wrongDateShare, wrongDatesComeTwice } = this.profile;
    if (wrongDateShare === 0) return serverNow;
    const lanes = this.wrongDates.get(waiting) ?? new Map<string, WrongDate>();
    this.wrongDates.set(waiting, lanes);
    const before = lanes.get(lane) ?? { by: 0, times: 0 };
    const isAgain = wrongDatesComeTwice && before.times === 1;
    const isWrong = before.by === 0 && this.happens(wrongDateShare);
    const by = isAgain ? before.by : isWrong ? this.random.pick(wrongBySeconds) : 0;
    lanes.set(lane, { by, times: by === 0 ? 0 : before.times + 1 });
    return serverNow + by;
  }

  private deliver(exchange: Exchange, whole: string, serverNow: number, status = 200): void {
    const { waiting, purpose, resolve, reject } = exchange;
    if (!waiting.isAlive || exchange.isGivenUp) return;
    if (this.happens(this.profile.lostShare)) {
      this.agenda.resume(() => reject(connectionLost()));
      return;
    }
    const isTorn = this.happens(this.profile.tornShare);
    const isLimited = this.agenda.now < this.limitedUntil;
    const text = isTorn ? whole.slice(0, this.random.between(0, whole.length - 1)) : whole;
    const usage = this.meter.usage();
    if (!isTorn && !isLimited) this.meter.told(waiting, purpose);
    const answer = { host, headers: {}, usage };
    this.agenda.resume(() => {
      if (isLimited) return resolve({ ...answer, serverNow, status: 403, text: limited });
      // Nobody reads the time of a torn answer, so it does not count as one between two others.
      const date = isTorn ? serverNow : this.dateOf(exchange, serverNow);
      resolve({ ...answer, serverNow: date, status, text });
    });
  }
}

const connectionLost = () => new Fault('NET-01', { host, reason: 'connection lost' });
/** Characters of a piece of a result page, at most: some records. */
const pieceMax = 300;

/** How wrong an intermediary's clock is: ahead by an hour or a day, back by a year. */
const wrongBySeconds = [3_600, 86_400, -31_536_000] as const;

const errorBody = (errorCode: string, message: string) => JSON.stringify([{ errorCode, message }]);
const halted = errorBody('PROCESSING_HALTED', 'Invalid reference specified.');
const forbidden = errorBody('INVALID_TYPE', 'sObject type is not supported.');
const timedOut = errorBody('QUERY_TIMEOUT', 'Your query request was running for too long.');
const limited = errorBody('REQUEST_LIMIT_EXCEEDED', 'TotalRequests Limit exceeded.');

/** Wrong by `by` seconds, in `times` answers in a row. */
interface WrongDate {
  by: number;
  times: number;
}

/** Counts and read-backs are separate from the requests by which a process tells the time. */
const laneOf = (purpose: Purpose, body = '') =>
  purpose === 'read-back'
    ? 'read-back'
    : purpose === 'setup' && body !== ''
      ? 'describe'
      : body.includes('COUNT(')
        ? 'count'
        : 'tick';

interface Exchange {
  waiting: Waiting;
  purpose: Purpose;
  lane: string;
  isGivenUp: boolean;
  resolve: (answer: Answer) => void;
  reject: (fault: Fault) => void;
}

const timeOf = (text: string | undefined) => Date.parse(decodeURIComponent(text ?? '')) / 1000;

/** Replaces references to earlier answers by their Ids; null if one refers to nothing. */
function resolved(soql: string, answers: readonly (QueryAnswer | null)[]): string | null {
  let isWhole = true;
  const text = soql.replace(/@\{q(\d)\.records\[(\d+)\]\.Id\}/g, (_, query: string, row: string) => {
    const id = answers[Number(query)]?.records[Number(row)]?.id;
    isWhole &&= id !== undefined;
    return id ?? '';
  });
  return isWhole ? text : null;
}
