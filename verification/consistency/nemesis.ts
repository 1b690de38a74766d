import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '@lockstep/foundation/random';
import type { ServerProcess } from '@lockstep/harness/server-process';
import { type Disturbance, type Disturbed, disturbances } from './disturbances.ts';

/** Alternates disturbances and calms until the run ends. Kills Lockstep too, if requested. */
export interface NemesisOptions {
  world: Disturbed;
  server: ServerProcess;
  random: Random;
  now: () => number;
  /** Called when a disturbance begins and when it ends. */
  tell: (text: string) => void;
  hasKills: boolean;
  /** Some calms last longer than this, so that everything must become visible. */
  soonMs: number;
}

const burstMs = [400, 3_000] as const;
const calmMs = [300, 2_500] as const;
/** Most disturbances in one burst. */
const disturbancesMax = 3;
/** One calm in this many is a long one. */
const longCalmEvery = 8;
const killShare = 0.8;
const awayMs = [0, 1_500] as const;

export class Nemesis {
  /** Since when no disturbance is active; null while one is. */
  calmSince: number | null;
  kills = 0;
  private readonly options: NemesisOptions;

  constructor(options: NemesisOptions) {
    this.options = options;
    this.calmSince = options.now();
  }

  /** Returns during a calm. */
  async run(signal: AbortSignal): Promise<void> {
    const { random, soonMs, now, hasKills } = this.options;
    const pause = (ms: number) => sleep(ms, undefined, { signal }).catch(() => undefined);
    for (let bursts = 1; !signal.aborted; bursts++) {
      await pause(bursts % longCalmEvery === 0 ? soonMs + 2_000 : random.between(...calmMs));
      if (signal.aborted) return;
      this.calmSince = null;
      const chosen = new Set(
        Array.from({ length: random.between(1, disturbancesMax) }, () => random.pick(disturbances)),
      );
      const kill = hasKills && random.next() < killShare ? [this.kill(pause)] : [];
      await Promise.all([...kill, ...[...chosen].map((one) => this.disturb(one, pause))]);
      this.calmSince = now();
    }
  }

  private async disturb(disturbance: Disturbance, pause: (ms: number) => Promise<void>): Promise<void> {
    const { world, random, tell } = this.options;
    await pause(random.between(0, 500));
    tell(`${disturbance.name}: from now on`);
    const end = await disturbance.begin(world, random);
    await pause(random.between(...burstMs));
    await end();
    tell(`${disturbance.name}: no more`);
  }

  private async kill(pause: (ms: number) => Promise<void>): Promise<void> {
    const { server, random, tell } = this.options;
    await pause(random.between(0, 2_000));
    tell('Lockstep is killed');
    await server.end('SIGKILL');
    this.kills++;
    await pause(random.between(...awayMs));
    await server.start();
    tell('Lockstep is back');
  }
}
