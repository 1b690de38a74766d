import type { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Random, seededRandom } from '@lockstep/foundation/random';
import type { Coordinator } from './coordinator.ts';
import { exchange } from './http-exchange.ts';
import {
  create,
  dataUrl,
  type Planned,
  remove,
  update,
  upsert,
  type WriteContext,
  type WriteKind,
  type Written,
} from './kinds.ts';
import { composite, createMany, removeMany, tree, updateMany } from './many-record-kinds.ts';
import { isVictim } from './outsider.ts';
import type { Known } from './records.ts';
import { type ClientAnswer, outcomeOf, wireViolation } from './wire-check.ts';
import { clientName } from './wire-tap.ts';

/** What clients write, in percent. */
const kinds: readonly (readonly [WriteKind, number])[] = [
  [create, 18],
  [update, 46],
  [remove, 7],
  [upsert, 12],
  [composite, 5],
  [createMany, 4],
  [updateMany, 4],
  [removeMany, 2],
  [tree, 2],
];

const ownMax = 12;
const contestedShare = 0.35;
const leavingShare = 0.01;
const leavesAfterMs = [1, 60] as const;
/** Share of the writes to one idle record of the client's own that get a stale reading. */
const staleShare = 0.2;
/** A record idle for this long has its current version even in a stale reading. */
const idleMs = 7_000;
const serverAwayMs = 100;

/** One client of the proxy: it writes, one request after the other, and reads with SQL what it was told is visible. */
export class Client {
  private readonly coordinator: Coordinator;
  private readonly agent: Agent;
  private readonly random: Random;
  private readonly name: string;
  private own: Known[] = [];

  constructor(coordinator: Coordinator, agent: Agent, number: number) {
    this.coordinator = coordinator;
    this.agent = agent;
    this.random = seededRandom(coordinator.seed * 1_000 + number);
    this.name = `client ${number}`;
  }

  async run(): Promise<void> {
    for (let write = await this.coordinator.next(); write !== null; write = await this.coordinator.next()) {
      await this.write(write);
    }
  }

  private async write(write: number): Promise<void> {
    const planned = this.plan(write);
    if (planned.isShared) this.coordinator.expectShared(write);
    const stale = this.staleTarget(planned);
    for (const { id } of planned.targets) this.coordinator.records.touch(id);
    const send = () => this.send(write, planned);
    const answer = stale ? await this.coordinator.stale.during(stale.id, send) : await send();
    const written = writtenOf(planned, answer);
    this.keep(planned, answer, written);
    const outcome = outcomeOf(answer);
    this.coordinator.answered({
      kind: 'answered',
      at: this.coordinator.now(),
      write,
      what: stale ? `${planned.what}, whose reading is stale` : planned.what,
      outcome,
      records: written && written.map(({ id }) => id),
      prefix: planned.sobject === null ? '' : this.coordinator.prefixOf(planned.sobject),
      isOnce: planned.isOnce,
    });
    const violation = wireViolation(answer, this.coordinator.wire.take(write));
    if (violation)
      this.coordinator.broken(violation.promised, `write ${write}, ${planned.what}: ${violation.what}`);
    if (outcome === 'yes' && written) await this.coordinator.readers.look(written, this.name);
  }

  /** The record whose reading shall be stale: one of this client's own, idle for long. */
  private staleTarget({ targets: [target, ...others] }: Planned): Known | undefined {
    const isFit = target && others.length === 0 && !target.isContested && !target.isShared;
    if (!isFit || !this.coordinator.stale.areReady || !this.coordinator.isCalm()) return undefined;
    const isIdle = this.coordinator.now() - target.touchedAt > idleMs;
    return isIdle && this.random.next() < staleShare ? target : undefined;
  }

  private plan(write: number): Planned {
    for (;;) {
      const planned = this.chooseKind()(this.hand(write));
      if (planned) return planned;
    }
  }

  private chooseKind(): WriteKind {
    let left = this.random.next() * kinds.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [kind, weight] of kinds) if ((left -= weight) < 0) return kind;
    return create;
  }

  private hand(write: number): WriteContext {
    const { random, coordinator } = this;
    const contested = (isWanted: (record: Known) => boolean) => {
      const some = coordinator.records.contested.filter((record) => !record.isDeleted && isWanted(record));
      return some.length > 0 ? random.pick(some) : undefined;
    };
    const ownOne = () => (this.own.length > 0 ? random.pick(this.own) : undefined);
    return {
      random,
      write,
      target: () => (random.next() < contestedShare ? contested(() => true) : ownOne()),
      parent: (sobject) => contested((record) => record.sobject === sobject),
      victim: () => (random.next() < 0.1 ? contested(isVictim) : ownOne()),
    };
  }

  /** Sends once; while nobody listens, it waits. */
  private async send(write: number, { method, path, body }: Planned): Promise<ClientAnswer> {
    const { random, coordinator } = this;
    const leaves = random.next() < leavingShare ? random.between(...leavesAfterMs) : undefined;
    for (;;) {
      const base = coordinator.base();
      const headers = {
        Authorization: `Bearer ${await coordinator.token()}`,
        'Content-Type': 'application/json',
        'Sforce-Call-Options': `client=${clientName(write)}`,
      };
      const answer =
        base === null
          ? null
          : await exchange(this.agent, {
              method,
              url: `${base}${dataUrl(path)}`,
              headers,
              body: body ? JSON.stringify(body) : null,
              leavesAfterMs: leaves,
            });
      if (answer) return answer;
      if (coordinator.isOver) return { kind: 'none' };
      await sleep(serverAwayMs);
    }
  }

  /** Updates which records this client may write next. */
  private keep(planned: Planned, answer: ClientAnswer, written: readonly Written[] | null): void {
    const { records } = this.coordinator;
    const isGone = answer.kind === 'answer' && answer.status === 404;
    for (const target of planned.targets) if (isGone) this.drop(target);
    for (const { id, sobject, isDeleted = false } of written ?? []) {
      const record = records.add(sobject, id, { isShared: planned.isShared ?? false });
      records.touch(id);
      if (isDeleted) this.drop(record);
      else if (records.take(record)) this.own.push(record);
    }
    for (const record of this.own.splice(0, Math.max(0, this.own.length - ownMax))) records.leave(record);
  }

  private drop(record: Known): void {
    record.isDeleted = true;
    const isOwn = this.own.includes(record);
    this.own = this.own.filter((one) => one !== record);
    if (isOwn) this.coordinator.records.leave(record);
  }
}

/** The records that the answer says were written; null if it does not say, or there is no answer. */
function writtenOf(planned: Planned, answer: ClientAnswer): readonly Written[] | null {
  const isUnknown = outcomeOf(answer) === 'unknown' || answer.kind === 'none';
  if (isUnknown) return planned.targets.length > 0 ? planned.targets : null;
  if (answer.status >= 300) return [];
  return planned.written(answer.status, parsed(answer.body));
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    return undefined;
  }
}
