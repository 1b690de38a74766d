/** An org as the engine sees it: one request, one answer. It fetches and renews the session as needed. */

import { assert } from '@lockstep/foundation/assert';
import type { Clock } from '@lockstep/foundation/clock';
import type { OrgId } from '../core/ids.ts';
import type { AppLog } from '../core/log-fields.ts';
import { type Auth, openAuth, type SalesforceSession } from './auth.ts';
import type { Purpose, SalesforceRequest } from './request.ts';
import { openSessionRequests } from './session-requests.ts';
import type { SessionStore } from './session-store.ts';
import { type Answer, type Download, openTransport } from './transport.ts';
import { openVersion } from './version-in-use.ts';

export interface SalesforceOptions {
  store: SessionStore;
  /** `host` or `host:port`, besides Salesforce's own hosts. These may be http and private. */
  allowHosts: readonly string[];
  /** Any other org is refused before anything is read from it. */
  expectOrgId?: OrgId;
  /** For example `62.0`. If the org has retired it, the newest that both know takes its place. */
  apiVersion: string;
  /** Called when that happens. */
  onVersionMoved?: ((apiVersion: string) => void) | undefined;
  clock: Clock;
  log: AppLog;
  requestTimeoutMs?: number;
  /** Called for each API request sent, including a repetition after the session was renewed. */
  onRequest?: (usage: { purpose: Purpose }) => void;
}

export interface Salesforce {
  /** `/services/data/v62.0`; another one after a change of the version. */
  readonly dataPath: string;
  /** For all requests from now on, such as `63.0`. */
  setApiVersion(apiVersion: string): void;
  /**
   * Any status except a redirect is an answer; `faultOf` says what a refusal means. An expired session is renewed once
   * and the request repeated once, so callers may only send reads; if it is refused again, that is the answer.
   *
   * @throws Fault `NET-01`, `NET-04`, `DATA-03`, and those of signing in: `SF-nn`, `ORG-02`, `ORG-04`,
   *         `LIM-06`. After an abort, the signal's reason.
   */
  request(request: SalesforceRequest, signal: AbortSignal): Promise<Answer>;
  /**
   * The same for an answer of any length, which is read as it arrives; for a GET in the version that its path names.
   * Faults as above, also while the body is read.
   */
  download(request: SalesforceRequest, signal: AbortSignal): Promise<Download>;
  /** For requests that a caller of the proxy sends with the sync's rights. Signs in if necessary; faults as above. */
  session(signal: AbortSignal): Promise<OwnSession>;
  /** Which org answers. Signs in if necessary; faults as above. */
  identity(signal: AbortSignal): Promise<{ orgId: OrgId; instanceUrl: string }>;
  /** Looks again at what is stored: somebody may have replaced the credential, or fixed what was wrong with it. */
  forgetRefusal(): void;
  /** Aborts the requests under way and closes the connections. */
  close(): Promise<void>;
}

export interface OwnSession {
  token: string;
  /** Such as `https://acme.my.salesforce.com`. */
  origin: string;
  /** Another session, after Salesforce has refused this one; null: it was renewed a moment ago. */
  renewed(signal: AbortSignal): Promise<OwnSession | null>;
}

/** Salesforce itself ends a query after 120 s. */
const defaultTimeoutMs = 130_000;

export function openSalesforce(options: SalesforceOptions): Salesforce {
  const { allowHosts, clock, log, expectOrgId } = options;
  const transport = openTransport({
    allowHosts,
    clock,
    requestTimeoutMs: options.requestTimeoutMs ?? defaultTimeoutMs,
  });
  const auth = openAuth({ transport, store: options.store, allowHosts, expectOrgId, clock, log });

  const requests = openSessionRequests({ transport, auth, clock, log, onRequest: options.onRequest });
  const version = openVersion({ ...options, request: requests.exchange });

  return {
    get dataPath() {
      return version.dataPath;
    },
    setApiVersion: (apiVersion) => version.set(apiVersion),
    async request(request, signal) {
      assert(request.path.startsWith('/services/'), 'requests go to paths under /services/');
      return version.request(request, signal);
    },
    download: requests.download,
    session: async (signal) => ownSession(auth, await auth.session(signal)),
    async identity(signal) {
      const { orgId, instance } = await auth.session(signal);
      return { orgId, instanceUrl: instance.origin };
    },
    forgetRefusal: () => auth.forgetRefusal(),
    close: () => transport.close(),
  };
}

const ownSession = (auth: Auth, session: SalesforceSession): OwnSession => ({
  token: session.token,
  origin: session.instance.origin,
  async renewed(signal) {
    const other = await auth.renewed(session, signal);
    return other && ownSession(auth, other);
  },
});
