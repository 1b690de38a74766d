/**
 * Which sync a request is for. It can be addressed in three ways:
 *
 *   /{sync_id}/services/…
 *   /{sync_id}/{salesforce-host[:port]}/services/…
 *   /services/… with the Host {sync_id}.HOST:PORT, which a load balancer may pass in X-Forwarded-Host
 *
 * A decoded copy of the path is checked; the original bytes are forwarded, except that it begins with one slash.
 */
import { Fault } from '../core/faults.ts';
import { isSyncId, type SyncId } from '../core/ids.ts';
import { refuse } from './errors.ts';
import { headerValues } from './headers.ts';

export interface Target {
  syncId: SyncId;
  /** The Salesforce host that the address names, in lower case; it must be the org's own. */
  namedHost: string | null;
  method: string;
  /** Path and query as they are forwarded. */
  rawPath: string;
  /** The path's parts, decoded once: `['services', 'data', 'v64.0', …]`. */
  segments: readonly string[];
  /** The query, without its question mark. */
  query: string;
}

export interface RawRequest {
  httpVersion: string;
  method: string;
  rawUrl: string;
  rawHeaders: readonly string[];
}

export interface TargetOptions {
  /** What may follow `{sync_id}.` in the Host, in lower case and with the port as sent. */
  baseHosts: readonly string[];
  /** The connection comes from our own load balancer: the Host that it passes on is the one that counts. */
  isPeerTrusted: boolean;
}

/** The methods that Salesforce supports. */
export const methods: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'POST',
  'PATCH',
  'PUT',
  'DELETE',
  'OPTIONS',
]);
/** Salesforce allows 16,384 bytes for the address and headers together. */
export const requestHeadBytesMax = 16_384;

/** @returns a fault PRX-01 (unknown address) or PRX-08 (malformed) if the request must be refused */
export function parseTarget(raw: RawRequest, options: TargetOptions): Target | Fault {
  const { method, rawUrl } = raw;
  const framing = ambiguousFraming(raw);
  if (framing !== null) return refuse(400, framing);
  if (!methods.has(method)) return refuse(405, 'method');
  if (rawUrl.length > requestHeadBytesMax) return refuse(414, 'length of the address');
  if (!rawUrl.startsWith('/')) return refuse(400, 'an address must begin with a slash');
  if (rawUrl.includes('#')) return refuse(400, 'fragment in the address');
  const upgrades = headerValues(raw.rawHeaders, 'upgrade');
  // A client that offers HTTP/2 is content with an answer in HTTP/1.1 (RFC 9110, 7.8); Java's does so by default.
  if (upgrades.some((protocol) => protocol.toLowerCase() !== 'h2c')) return refuse(400, 'Upgrade');
  if (headerValues(raw.rawHeaders, 'expect').some((value) => value.toLowerCase() !== '100-continue'))
    return refuse(400, 'Expect');
  const hosts = headerValues(raw.rawHeaders, 'host');
  if (hosts.length !== 1) return refuse(400, hosts.length === 0 ? 'no Host' : 'two Host headers');
  const forwarded = options.isPeerTrusted ? headerValues(raw.rawHeaders, 'x-forwarded-host') : [];
  if (forwarded.length > 1 || forwarded[0]?.includes(',')) return refuse(400, 'several X-Forwarded-Host');
  if (headerValues(raw.rawHeaders, 'authorization').length > 1)
    return refuse(400, 'two Authorization headers');

  const address = addressOf(rawUrl, (forwarded[0] ?? hosts[0] ?? '').toLowerCase(), options.baseHosts);
  if (address === null) return new Fault('PRX-01');
  const [rawServicePath = '', ...query] = address.rawPath.split('?');
  const segments = segmentsOf(rawServicePath);
  if (segments === null) return refuse(400, 'path');
  return { ...address, method, segments, query: query.join('?') };
}

/**
 * What Node's parser accepts although it is ambiguous: another version of HTTP than ours, a body in a coding that we
 * would pass on unread, and trailers, which arrive when it is too late to refuse the request.
 */
function ambiguousFraming({ httpVersion, rawHeaders }: RawRequest): string | null {
  if (httpVersion !== '1.1' && httpVersion !== '1.0') return 'version of HTTP';
  const codings = headerValues(rawHeaders, 'transfer-encoding');
  if (codings.length > 1 || (codings[0] ?? 'chunked').toLowerCase() !== 'chunked') return 'Transfer-Encoding';
  if (codings.length > 0 && httpVersion === '1.0') return 'Transfer-Encoding in HTTP/1.0';
  return headerValues(rawHeaders, 'trailer').length > 0 ? 'Trailer' : null;
}

/** An instance URL may end in a slash, to which clients append a path that begins with one. */
const withOneSlash = (rawPath: string): string => rawPath.replace(/^\/{2,}/, '/');

type Address = Pick<Target, 'syncId' | 'namedHost' | 'rawPath'>;

function addressOf(rawUrl: string, host: string, baseHosts: readonly string[]): Address | null {
  const label = host.slice(0, Math.max(host.indexOf('.'), 0));
  if (isSyncId(label)) {
    const isOurs = baseHosts.includes(host.slice(label.length + 1));
    return isOurs ? { syncId: label, namedHost: null, rawPath: withOneSlash(rawUrl) } : null;
  }
  const pathLength = rawUrl.indexOf('?') < 0 ? rawUrl.length : rawUrl.indexOf('?');
  const [, syncId = '', second = ''] = rawUrl.slice(0, pathLength).split('/', 3);
  if (!isSyncId(syncId)) return null;
  const namedHost = second.includes('.') || second.includes(':') ? second.toLowerCase() : null;
  const prefix = `/${syncId}${namedHost === null ? '' : `/${second}`}`;
  return { syncId, namedHost, rawPath: withOneSlash(rawUrl.slice(prefix.length)) };
}

/**
 * The path's parts, each decoded once; null if Salesforce or a server in front of it might read a different path:
 * traversal, empty parts, double encoding of these, parameters, bytes outside ASCII. Only the value of an external id
 * may contain an encoded slash, backslash or semicolon.
 */
function segmentsOf(rawPath: string): string[] | null {
  if (!rawPath.startsWith('/services/') || /[^\x20-\x7e]|[\\;]/.test(rawPath)) return null;
  const raw = rawPath.replace(/\/$/, '').split('/').slice(1);
  const segments = raw.map(decoded);
  const isUpsert = raw.length === 7 && segments[3]?.toLowerCase() === 'sobjects';
  const areClear = segments.every((segment, place) => isClear(segment, isUpsert && place === 6));
  return areClear ? segments : null;
}

/** Empty if it is not percent-encoded UTF-8. */
function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return '';
  }
}

/** Whether a decoded part of a path has one reading only. */
export function isClear(segment: string, isExternalId: boolean): boolean {
  if (segment === '' || /\p{Cc}|%(?:2e|2f|5c)/iu.test(segment)) return false;
  if (!isExternalId && /[/\\;]/.test(segment)) return false;
  return segment.split(/[/\\]/).every((part) => part !== '.' && part !== '..');
}
