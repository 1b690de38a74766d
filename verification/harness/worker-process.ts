// A worker as its own process, for tests that kill it. Reads one line of JSON from standard input.
import { createInterface } from 'node:readline';
import { systemClock } from '@lockstep/foundation/clock';
import { openLog } from '@lockstep/foundation/log';
import { listenForChanges, openControl, runLeases } from 'lockstep/control';
import { keyFromBytes } from 'lockstep/control/testing';
import type { LogFields } from 'lockstep/core/log-fields';
import { openSyncs, runSync } from 'lockstep/engine';

for await (const line of createInterface({ input: process.stdin })) {
  const { url, key, owner, allowHost, ...small } = JSON.parse(line) as Record<
    'url' | 'key' | 'owner' | 'allowHost',
    string
  > & { pageRows?: number };
  const log = openLog<LogFields>(process.stdout, 'debug');
  const clock = systemClock;
  const control = await openControl({
    url,
    key: keyFromBytes(Buffer.from(key, 'base64')),
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
      { workerId: owner, onClaim: (sync, held) => runSync({ ...deps, ...small, syncs }, sync, held) },
      signal,
    ),
  ]);
}
