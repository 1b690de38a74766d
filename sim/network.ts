/**
 * What lies between a process of Lockstep and the model org, in the place of the HTTP client: the engine's composite
 * requests come in as text, and answers go out as text, so that all of its own reading of them runs.
 *
 * Modelled: requests and answers take their time, some of them seconds; the queries of a request are answered one
 * after the other, each from what is committed at its own instant; answers get lost, are cut off in the middle, or
 * refuse one query; the org keeps rows back. An answer to a process that has died reaches nobody.
 *
 * Left out: signing in, limits, redirects.
 */
import { Fault } from '../src/core/faults.ts';
import type { OrgId } from '../src/core/ids.ts';
import type { Random } from '../src/lib/random.ts';
import type { Answer, Salesforce } from '../src/salesforce/index.ts';
import type { Agenda } from './agenda.ts';
import type { ModelOrg } from './org.ts';
import type { Profile } from './profile.ts';
import { answerQuery, type QueryAnswer, stampText } from './soql.ts';

/** A process that waits for answers, as long as it lives. */
export interface Waiting {
  readonly isAlive: boolean;
}

export const orgId = '00D000000000001EAA' as OrgId;
const host = 'model.my.salesforce.com';
const dataPath = '/services/data/v64.0';

interface Subrequest {
  url: string;
  referenceId: string;
}

export class Network {
  /** Made so far. */
  requests = 0;
  private readonly agenda: Agenda;
  private readonly random: Random;
  private readonly org: ModelOrg;
  private readonly profile: Profile;

  constructor(agenda: Agenda, random: Random, org: ModelOrg, profile: Profile) {
    this.agenda = agenda;
    this.random = random;
    this.org = org;
    this.profile = profile;
  }

  /** How long something takes on its way there and back. */
  roundTripMs(): number {
    const isSlow = this.random.next() < this.profile.slowShare;
    return isSlow ? this.random.between(...this.profile.slowMs) : this.random.between(80, 600);
  }

  /** True in the share of cases in which something goes wrong while things go wrong at all. */
  happens(share: number): boolean {
    return this.agenda.now < this.profile.calmAt && this.random.next() < share;
  }

  clientOf(waiting: Waiting): Salesforce {
    return {
      dataPath,
      request: ({ path, body }) =>
        new Promise((resolve, reject) => {
          this.requests++;
          const exchange = { waiting, resolve, reject };
          if (path === `${dataPath}/composite`) this.composite(exchange, body ?? '');
          else this.exchange(exchange, () => this.plainAnswer(path));
        }),
      identity: async () => ({ orgId, instanceUrl: `https://${host}` }),
      forgetRefusal: () => undefined,
      close: async () => undefined,
    };
  }

  /** A request without queries: answered at one instant. */
  private exchange(exchange: Exchange, answer: () => string): void {
    const lastsMs = this.roundTripMs();
    this.agenda.after(this.random.next() * lastsMs, () => {
      const text = answer();
      const seconds = this.org.seconds;
      this.agenda.after(lastsMs / 2, () => this.deliver(exchange, text, seconds));
    });
  }

  private plainAnswer(path: string): string {
    if (path === dataPath) return '{}';
    const [, names = ''] = /recordCount\?sObjects=(.*)$/.exec(path) ?? [];
    const sObjects = names.split(',').map((name) => ({ name, count: this.org.all(name).length }));
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
        const text = this.answerOne(subrequest, answers);
        texts.push(
          `{"body":${text},"httpHeaders":{},"httpStatusCode":${answers.at(-1) ? 200 : 400},"referenceId":"${subrequest.referenceId}"}`,
        );
        if (texts.length < compositeRequest.length) return;
        const whole = `{"compositeResponse":[${texts.join(',')}]}`;
        const seconds = this.org.seconds;
        this.agenda.at(start + lastsMs, () => this.deliver(exchange, whole, seconds));
      });
    }
  }

  private answerOne({ url }: Subrequest, answers: (QueryAnswer | null)[]): string {
    const deleted = /\/sobjects\/(\w+)\/deleted\/\?start=(\S+)&end=(\S+)$/.exec(url);
    if (deleted) {
      answers.push(noRecords);
      return this.deletedLog(deleted[1] ?? '', timeOf(deleted[2]), timeOf(deleted[3]));
    }
    const [, resource, encoded = ''] = /\/(query|queryAll)\?q=(.+)$/.exec(url) ?? [];
    const soql = resolved(decodeURIComponent(encoded), answers);
    if (soql === null || this.happens(this.profile.refusedShare)) {
      answers.push(null);
      return soql === null
        ? '[{"errorCode":"PROCESSING_HALTED","message":"Invalid reference specified."}]'
        : '[{"errorCode":"QUERY_TIMEOUT","message":"Your query request was running for too long."}]';
    }
    const isKeptBack = this.happens(this.profile.keptBackShare);
    const rowsMax = isKeptBack ? Math.ceil(this.profile.pageRows / 2) : Infinity;
    const answer = answerQuery(this.org, soql, resource === 'queryAll', rowsMax);
    answers.push(answer);
    const { totalSize, done, texts } = answer;
    return `{"totalSize":${totalSize},"done":${done},"records":[${texts.join(',')}]}`;
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

  private deliver({ waiting, resolve, reject }: Exchange, whole: string, serverNow: number): void {
    if (!waiting.isAlive) return;
    if (this.happens(this.profile.lostShare)) {
      this.agenda.resume(() => reject(new Fault('NET-01', { host, reason: 'connection lost' })));
      return;
    }
    const isTorn = this.happens(this.profile.tornShare);
    const text = isTorn ? whole.slice(0, this.random.between(0, whole.length - 1)) : whole;
    this.agenda.resume(() => resolve({ host, status: 200, headers: {}, text, serverNow, usage: null }));
  }
}

interface Exchange {
  waiting: Waiting;
  resolve: (answer: Answer) => void;
  reject: (fault: Fault) => void;
}

const noRecords: QueryAnswer = { totalSize: 0, done: true, records: [], texts: [] };
const timeOf = (text: string | undefined) => Date.parse(decodeURIComponent(text ?? '')) / 1000;

/** With the Ids of earlier answers in the place of references to them; null where one refers to nothing. */
function resolved(soql: string, answers: readonly (QueryAnswer | null)[]): string | null {
  let isWhole = true;
  const text = soql.replace(/@\{q(\d)\.records\[(\d+)\]\.Id\}/g, (_, query: string, row: string) => {
    const id = answers[Number(query)]?.records[Number(row)]?.id;
    isWhole &&= id !== undefined;
    return id ?? '';
  });
  return isWhole ? text : null;
}
