/**
 * Clients that write through the proxy. When an answer says that a write is in the mirror, the invariants check it,
 * then and later. Requests run through the proxy's own code for a write; only forwarding bytes is simulated. Some
 * answers are lost on their way from the org.
 */

import type { Random } from '@lockstep/foundation/random';
import { Fault } from 'lockstep/core/faults';
import type { RecordWrite, UpstreamAnswer } from 'lockstep/proxy/testing';
import type { Agenda } from './agenda.ts';
import type { Acknowledged, Invariants } from './invariants.ts';
import type { Journal } from './journal.ts';
import type { Network } from './network.ts';
import type { ModelOrg, OrgRecord } from './org.ts';
import type { Profile } from './profile.ts';
import type { Worker } from './worker.ts';

export interface ClientContext {
  agenda: Agenda;
  random: Random;
  org: ModelOrg;
  network: Network;
  profile: Profile;
  invariants: Invariants;
  journal: Journal;
  /** A process whose proxy accepts requests; undefined while there is none. */
  worker: () => Worker | undefined;
}

type Verb = 'create' | 'update' | 'delete';

const methods = { create: 'POST', update: 'PATCH', delete: 'DELETE' } as const;

export class Clients {
  private readonly context: ClientContext;

  constructor(context: ClientContext) {
    this.context = context;
  }

  begin(): void {
    const { agenda, random, profile, org } = this.context;
    agenda.after(random.between(100, profile.clientEveryMs), () => {
      if (agenda.now >= profile.quietAt) return;
      const record = random.pick(org.all(random.pick(profile.sobjects)));
      const isNew = record.versions.length === 0;
      const verb = isNew ? 'create' : random.next() < 0.15 ? 'delete' : 'update';
      agenda.resume(() => this.write(record, verb));
      this.begin();
    });
  }

  private write(record: OrgRecord, verb: Verb): void {
    const { worker, invariants, journal } = this.context;
    const through = worker();
    if (!through) return;
    const change = verb === 'create' ? { verb } : { verb, id: record.id };
    const write: RecordWrite = { kind: 'record', sobject: record.sobject.toLowerCase(), change };
    const method = methods[verb];
    let acknowledged: Acknowledged | null = null;
    const forward = () =>
      this.forward(record, verb, through, (write) => {
        acknowledged = write;
      });
    journal.add(record.id, () => `a client sends ${method} through ${through.owner}`);
    through.write(method, write, forward).then(
      ({ answer, applied }) => {
        journal.add(record.id, () => `the client hears ${answer.status}, applied: ${applied}`);
        if (applied === 'yes' && acknowledged) invariants.acknowledged(acknowledged);
      },
      (fault: unknown) => {
        if (!(fault instanceof Fault))
          invariants.break('no step fails unexpectedly', record.id, String(fault));
        journal.add(record.id, () => `the client hears ${fault instanceof Fault ? fault.code : 'an error'}`);
      },
    );
  }

  /** One attempt at the org; calls `onDone` with what the commit wrote. */
  private forward(
    record: OrgRecord,
    verb: Verb,
    through: Worker,
    onDone: (write: Acknowledged) => void,
  ): Promise<UpstreamAnswer> {
    const { agenda, random, org, network, profile } = this.context;
    const sentAt = through.clock.now();
    const isLost = network.happens(profile.lostShare);
    return new Promise((resolve, reject) => {
      const answer = (status: number, body = '') => {
        const date = new Date(org.seconds * 1000).toUTCString();
        agenda.after(random.between(5, 60), () => {
          if (!through.isAlive) return;
          if (isLost) return agenda.resume(() => reject(new Fault('PRX-04', { reason: 'connection lost' })));
          const lastByteAt = through.clock.now();
          agenda.resume(() => resolve(answerOf({ status, body, date, sentAt, lastByteAt })));
        });
      };
      agenda.after(random.between(5, 30), () => {
        const field = random.next() < 0.5 ? 'A__c' : 'B__c';
        org.begin({
          records: [record],
          change: verb,
          fields: [field],
          lastsMs: random.between(20, 800),
          onCommit: (changed) => {
            const number = changed.get(record);
            if (number === undefined)
              return answer(verb === 'create' ? 400 : 404, '[{"errorCode":"ENTITY_IS_DELETED"}]');
            onDone({ record, field: verb === 'update' ? field : 'Life__c', number });
            answer(
              verb === 'create' ? 201 : 204,
              verb === 'create' ? `{"id":"${record.id}","success":true}` : '',
            );
          },
        });
      });
    });
  }
}

function answerOf(given: {
  status: number;
  body: string;
  date: string;
  sentAt: number;
  lastByteAt: number;
}): UpstreamAnswer {
  const { status, body, date, sentAt, lastByteAt } = given;
  return {
    status,
    statusText: '',
    headers: ['Date', date, 'Content-Type', 'application/json'],
    sentAt,
    lastByteAt,
    body: () => Buffer.from(body),
    drop: () => undefined,
    pipe: async () => undefined,
  };
}
