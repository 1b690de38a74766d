import { after } from 'node:test';
import { type ApiHarness, openApiOn } from './api-harness.ts';
import { type Cli, openCli } from './cli-process.ts';
import { type EndToEndHarness, openEndToEndHarness } from './end-to-end-harness.ts';

/** A sync that runs, named `harness`, and how a person reaches it. */
export interface RunningSync {
  harness: EndToEndHarness;
  api: ApiHarness;
  cli: Cli;
}

/** One for a whole test file, with all of Account and Contact copied; removed at the file's end. */
export async function openRunningSync(): Promise<RunningSync> {
  const undo = new AsyncDisposableStack();
  after(() => undo.disposeAsync());
  const harness = undo.use(
    await openEndToEndHarness({ org: { records: 300 }, sobjects: ['Account', 'Contact'], intervalMs: 250 }),
  );
  const api = undo.use(await openApiOn(harness.control, [new URL(harness.org.url).host]));
  const cli = undo.use(await openCli(api.environment));
  harness.startWorker();
  await harness.untilComplete();
  return { harness, api, cli };
}
