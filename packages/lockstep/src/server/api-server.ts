/** The management API as `start` and `demo` run it. */
import { randomBytes } from 'node:crypto';
import { startApi } from '../api/index.ts';
import type { Control } from '../control/index.ts';
import { forgetSetupToken, prepareAdministrator } from '../operations/first-administrator.ts';
import { listenAsConfigured } from './listen-as-configured.ts';
import type { ProxyServer } from './proxy-server.ts';
import type { ServerBase } from './server-base.ts';

export interface ApiServer extends AsyncDisposable {
  url: string;
  /** For the commands of this machine; another one at each start. */
  localKey: string;
}

/**
 * Runs until disposed; then long work ends, and can be repeated. Without an administrator it says how to become it.
 *
 * @param isSeen  what it says is seen on a terminal, and kept nowhere
 */
export async function openApiServer(
  { config, log, certificates, say }: ServerBase,
  control: Control,
  {
    allowHosts,
    proxyServer,
    isSeen,
  }: { allowHosts: readonly string[]; proxyServer: ProxyServer; isSeen: boolean },
): Promise<ApiServer> {
  await using undo = new AsyncDisposableStack();
  const { dataDir, adminPasswordFile: passwordFile } = config;
  const localKey = randomBytes(32).toString('base64url');
  const stop = new AbortController();
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
      proxyUrl: () => proxyServer.proxyUrl,
    }),
  );
  undo.defer(() => {
    stop.abort();
    return api.close();
  });
  const [publicHost] = config.apiPublicHosts;
  const apiUrl = publicHost === undefined ? api.url : `https://${publicHost}`;
  const line = await prepareAdministrator(control, { dataDir, apiUrl, isSeen, passwordFile });
  if (line !== null) say(line);
  const ends = undo.move();
  return { url: api.url, localKey, [Symbol.asyncDispose]: () => ends.disposeAsync() };
}
