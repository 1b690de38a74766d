/** The management API as `start` and `demo` run it. */
import { randomBytes } from 'node:crypto';
import { startApi } from '../api/index.ts';
import type { Control } from '../control/index.ts';
import {
  forgetSetupToken,
  forgetSignInLink,
  prepareAdministrator,
  showSignInLink,
} from '../operations/first-administrator.ts';
import { makeSignInLink } from '../operations/sign-in-link.ts';
import { findConsole } from './console-folder.ts';
import { listenAsConfigured } from './listen-as-configured.ts';
import type { ProxyServer } from './proxy-server.ts';
import type { ServerBase } from './server-base.ts';

export interface ApiServer extends AsyncDisposable {
  url: string;
  /** For the commands of this machine; another one at each start. */
  localKey: string;
  /** A line that says where the console is, with a link that lets its reader in if nobody has a password yet. */
  greeting: string;
}

/**
 * Runs until disposed; then long work ends, and can be repeated.
 *
 * @param isSeen  the greeting is seen on a terminal, and kept nowhere
 * @param isDemo  a link signs in, and nobody needs to become the administrator
 */
export async function openApiServer(
  { config, log, certificates, server, say }: ServerBase,
  control: Control,
  {
    allowHosts,
    proxyServer,
    isSeen,
    isDemo,
  }: { allowHosts: readonly string[]; proxyServer: ProxyServer; isSeen: boolean; isDemo: boolean },
): Promise<ApiServer> {
  await using undo = new AsyncDisposableStack();
  const { dataDir, adminPasswordFile: passwordFile } = config;
  const localKey = randomBytes(32).toString('base64url');
  const stop = new AbortController();
  const signInLink = isDemo ? makeSignInLink(control.clock) : null;
  const api = await listenAsConfigured('api', config, say, (at) =>
    startApi({
      ...at,
      certificate: certificates.api,
      publicHosts: config.apiPublicHosts,
      trustedProxies: config.trustedProxies,
      localKey,
      control,
      log,
      stop: stop.signal,
      allowHosts,
      onSetUp: () => forgetSetupToken(dataDir),
      signInLink,
      onLinkUsed: () => forgetSignInLink(dataDir),
      proxyUrl: () => proxyServer.proxyUrl,
      isDemo,
      consoleFolder: findConsole(),
      databaseFolder: server.isEmbedded ? dataDir : null,
    }),
  );
  undo.defer(() => {
    stop.abort();
    return api.close();
  });
  const [publicHost] = config.apiPublicHosts;
  const apiUrl = publicHost === undefined ? api.url : `https://${publicHost}`;
  const shown = { dataDir, apiUrl, isSeen };
  const greeting = signInLink
    ? await showSignInLink(signInLink.secret, shown)
    : await prepareAdministrator(control, { ...shown, passwordFile });
  if (signInLink) undo.defer(() => forgetSignInLink(dataDir));
  const ends = undo.move();
  return { url: api.url, localKey, greeting, [Symbol.asyncDispose]: () => ends.disposeAsync() };
}
