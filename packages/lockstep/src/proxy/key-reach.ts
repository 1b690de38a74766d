/**
 * What a caller with a key of Lockstep's may send with the sync's own rights: records and what describes them, and
 * nothing that runs code, changes the org, signs anybody in or sets a password. What is not listed here needs the
 * caller's own token.
 */
import type { ApiKey } from '../control/index.ts';
import { type CallWithBody, subrequestsOf } from './composite-writes.ts';
import { isClear } from './target.ts';
import { type Call, looksLikeId, verbOf, writeOf } from './writes-of.ts';

type Scope = ApiKey['scope'];

const readResources = new Set(['', 'limits', 'query', 'queryall', 'search']);
const composites = new Set(['', 'batch', 'graph']);

/** By the address alone: a composite request's body is for {@link bodyReaches}. */
export function reaches(scope: Scope, call: Call): boolean {
  const names = call.segments.map((segment) => segment.toLowerCase());
  const [services, api, version = '', resource = '', second = ''] = names;
  if (services !== 'services' || api !== 'data' || !/^(v\d+\.\d)?$/.test(version)) return false;
  const isRead = call.method === 'GET' || call.method === 'HEAD';
  if (isRead && readResources.has(resource)) return true;
  if (resource === 'sobjects') return isRead ? readsNoFile(scope, call) : scope === 'write' && isRecord(call);
  if (resource !== 'composite') return false;
  if (isRead) return second === 'sobjects';
  if (scope === 'read') return false;
  if (second === 'sobjects' || second === 'tree') return writeOf(call).kind !== 'poll';
  return names.length <= 5 && verbOf(call) === 'POST' && composites.has(second);
}

/** Whether each subrequest may be sent too. One whose body cannot be read may not. */
export function bodyReaches(scope: Scope, call: CallWithBody): boolean {
  const [, , , resource, second = ''] = call.segments.map((segment) => segment.toLowerCase());
  if (resource !== 'composite' || !composites.has(second)) return true;
  const groups = subrequestsOf(call);
  const calls = groups?.flatMap((group) => group.calls) ?? [];
  return calls.length > 0 && calls.every((sub) => isPlain(sub.call) && reaches(scope, withIds(sub.call)));
}

/** Of an address with one reading; a composite request in another is not looked into. */
function isPlain({ segments }: Call): boolean {
  const [, , , resource, second = ''] = segments.map((segment) => segment.toLowerCase());
  const isNested = resource === 'composite' && second !== 'sobjects';
  return (
    !isNested && segments.every((segment, place) => isClear(segment, place === 6) && !/[#%]/.test(segment))
  );
}

const anyId = '001000000000001AAA';

/** `@{created.id}` is an Id, whatever the earlier answer says; another reference can become any part of an address. */
const withIds = (call: CallWithBody): CallWithBody => ({
  ...call,
  segments: call.segments.map((segment) => (/^@\{[\w.[\]]+\.id\}$/i.test(segment) ? anyId : segment)),
});

/** One record is written as a whole: not its password, no action on it, no record that is related to it. */
const isRecord = (call: Call) => writeOf(call).kind === 'record';

/** After a record's Id there may be the contents of a file, or records that are related to it. */
function readsNoFile(scope: Scope, { segments }: Call): boolean {
  const [, , , , , first = ''] = segments;
  if (segments.some((segment) => segment.includes('@{'))) return false;
  return scope === 'write' || segments.length < 7 || !looksLikeId(first);
}
