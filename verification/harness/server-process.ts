import { assert } from '@lockstep/foundation/assert';
import { type ExitResult, openCli } from './cli-process.ts';
import type { EndToEndHarness, ProxyAnswer } from './end-to-end-harness.ts';

/** `lockstep start` as its own process, on a harness's control database. */
export interface ServerProcess {
  /** `http://127.0.0.1:PORT` */
  proxyUrl: string;
  metricsUrl: string;
  /** A caller's request through its proxy, as the demo user. */
  call(method: string, path: string, body?: unknown): Promise<ProxyAnswer>;
  end(signal: NodeJS.Signals): Promise<ExitResult>;
}

export async function startServerProcess(
  harness: EndToEndHarness,
  undo: AsyncDisposableStack,
  environment: Record<string, string> = {},
): Promise<ServerProcess> {
  const cli = undo.use(
    await openCli({
      DATABASE_URL: harness.control.database.url,
      LOCKSTEP_KEY: harness.control.keyBytes.toString('base64'),
      LOCKSTEP_ALLOW_HOST: new URL(harness.org.url).host,
      ...environment,
    }),
  );
  const running = await cli.start(['start', '--json'], '"ready":true');
  const urlOf = (part: string) => {
    const url = new RegExp(`"${part}_url":"([^"]+)"`).exec(running.stdout())?.[1];
    assert(url, `a server that is ready says where its ${part} is`);
    return url;
  };
  const proxyUrl = urlOf('proxy');
  const authorization = `Bearer ${await harness.org.token('demo')}`;
  return {
    proxyUrl,
    metricsUrl: urlOf('metrics'),
    async call(method, path, body) {
      const answer = await fetch(`${proxyUrl}/${harness.sync.id}${path}`, {
        method,
        headers: { authorization, 'content-type': 'application/json' },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      return { status: answer.status, headers: answer.headers, text: await answer.text() };
    },
    end: (signal) => running.end(signal),
  };
}
