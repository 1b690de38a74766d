import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Health } from '../control/index.ts';
import { faults } from '../core/fault-catalogue.ts';
import type { ObjectState, SyncState } from '../core/states.ts';
import { shownFault, stateOfFault, syncStateOf } from './sync-state.ts';

const now = Date.UTC(2026, 10, 24, 9, 37);
const faultOf = (code: string, seconds = 60): NonNullable<Health['fault']> => ({
  code,
  says: 'It says so.',
  next: 'Wait.',
  since: new Date(now - seconds * 1_000).toISOString(),
  retryAt: new Date(now + 12_000).toISOString(),
});
const plain = { paused: false, isDeleting: false, isRecopying: false };
const running: Health = { hasWorker: true, fault: null };

test('the state of a sync is the first that holds, from its settings down to its objects', () => {
  const quota = faultOf('LIM-02');
  const cases: [SyncState, Partial<typeof plain>, Partial<Health>, ObjectState[], { code: string } | null][] =
    [
      ['deleting', { isDeleting: true, paused: true }, { fault: quota }, ['stopped'], { code: 'DB-02' }],
      ['starting', { isRecopying: true, paused: true }, { fault: quota }, ['stopped'], null],
      ['paused', { paused: true }, { hasWorker: false, fault: quota }, ['paused'], { code: 'KEY-02' }],
      ['not_running', {}, { hasWorker: false, fault: quota }, ['current'], { code: 'DB-02' }],
      ['quota_wait', {}, { fault: quota }, ['backfilling', 'stopped'], { code: 'DB-02' }],
      ['database_unreachable', {}, {}, [], { code: 'DB-02' }],
      ['locked', {}, {}, [], { code: 'KEY-02' }],
      ['starting', {}, {}, [], null],
      ['starting', {}, {}, ['queued', 'queued'], null],
      ['backfilling', {}, {}, ['queued', 'current'], null],
      ['backfilling', {}, {}, ['backfilling', 'stopped', 'rows_missing', 'behind'], null],
      ['partly', {}, {}, ['current', 'stopped', 'behind'], null],
      ['partly', {}, {}, ['current', 'rows_missing'], null],
      ['catching_up', {}, {}, ['current', 'behind', 'limited'], null],
      ['live', {}, {}, ['current'], null],
      ['live', {}, {}, ['limited', 'columns'], null],
    ];
  for (const [state, sync, health, objects, unread] of cases)
    assert.equal(
      syncStateOf({ ...plain, ...sync }, { ...running, ...health }, objects, unread),
      state,
      `${state}: ${objects.join()}`,
    );
});

test('what a fault makes of its sync follows from its code and kind', () => {
  const expected: Record<string, SyncState> = {
    'KEY-01': 'locked',
    'KEY-03': 'locked',
    'SF-01': 'needs_reauth',
    'SF-13': 'needs_reauth',
    'SF-02': 'salesforce_unreachable',
    'ORG-01': 'needs_decision',
    'ORG-04': 'needs_decision',
    'PERM-01': 'needs_decision',
    'VER-01': 'needs_decision',
    'DB-10': 'needs_decision',
    'DB-06': 'needs_decision',
    'DB-01': 'database_unreachable',
    'DB-08': 'database_unreachable',
    'LIM-01': 'quota_wait',
    'LIM-06': 'quota_wait',
    'NET-01': 'salesforce_unreachable',
    'SYS-15': 'not_running',
    'of a newer version': 'salesforce_unreachable',
  };
  for (const [code, state] of Object.entries(expected)) assert.equal(stateOfFault({ code }), state, code);
  for (const [code, { kind }] of Object.entries(faults)) {
    if (kind !== 'needs-person' || /^(?:LIM|SYS)-/.test(code) || code === 'SF-02') continue;
    const state = stateOfFault({ code });
    assert.ok(
      ['needs_reauth', 'needs_decision', 'locked'].includes(state),
      `${code} waits for nobody: ${state}`,
    );
  }
});

test('a wait that ends within 15 seconds is not shown, one for a person is shown at once', () => {
  const shown = (code: string, seconds: number) =>
    shownFault({ hasWorker: true, fault: faultOf(code, seconds) }, now)?.code ?? null;
  for (const code of ['NET-01', 'DB-02', 'LIM-06'])
    assert.deepEqual([shown(code, 14), shown(code, 15)], [null, code]);
  for (const code of ['SF-01', 'ORG-02', 'KEY-02', 'SYS-15']) assert.equal(shown(code, 0), code);
  assert.equal(shownFault(running, now), null);
});
