// A worker as a process of its own, for tests that kill it. Reads one line of JSON from standard input.
import { createInterface } from 'node:readline';
import { listenForChanges, openControl, runLeases } from '../src/control/index.ts';
import { keyOf } from '../src/control/sealing.ts';
import type { LogFields } from '../src/core/log-fields.ts';
import { openSyncs, runSync } from '../src/engine/index.ts';
import { systemClock } from '../src/lib/clock.ts';
import { openLog } from '../src/lib/log.ts';

for await (const line of createInterface({ input: process.stdin })) {
  const { url, key, owner, allowHost } = JSON.parse(line) as Record<
    'url' | 'key' | 'owner' | 'allowHost',
    string
  >;
  const log = openLog<LogFields>(process.stdout, 'debug');
  const clock = systemClock;
  const control = await openControl({
    url,
    key: keyOf(Buffer.from(key, 'base64')),
    applicationName: owner,
    clock,
    log,
  });
  const deps = { control, clock, log, allowHosts: [allowHost], owner };
  const syncs = openSyncs(deps);
  const { signal } = new AbortController();
  await Promise.all([
    listenForChanges(control, (id) => void syncs.refresh(id), signal),
    runLeases(
      control,
      { workerId: owner, onClaim: (sync, held) => runSync({ ...deps, syncs }, sync, held) },
      signal,
    ),
  ]);
}
