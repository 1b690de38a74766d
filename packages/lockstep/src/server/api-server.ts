/** The management API as `start` and `demo` run it. */
import { randomBytes } from 'node:crypto';
import { startApi } from '../api/index.ts';
import type { Control } from '../control/index.ts';
import { listenAsConfigured } from './listen-as-configured.ts';
import type { ProxyServer } from './proxy-server.ts';
import type { ServerBase } from './server-base.ts';

export interface ApiServer extends AsyncDisposable {
  url: string;
  /** For the commands of this machine; another one at each start. */
  localKey: string;
}

/** Runs until disposed; then long work ends, and can be repeated. */
export async function openApiServer(
  { config, log, certificates, say }: ServerBase,
  control: Control,
  { allowHosts, proxyServer }: { allowHosts: readonly string[]; proxyServer: ProxyServer },
): Promise<ApiServer> {
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
      proxyUrl: () => proxyServer.proxyUrl,
    }),
  );
  return {
    url: api.url,
    localKey,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await api.close();
    },
  };
}
