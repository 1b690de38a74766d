import { after } from 'node:test';
import { type ApiHarness, openApi } from './api-harness.ts';
import { startOrg, type TestOrg } from './org.ts';

/** An org and an API that may sign in to it, for a whole test file; removed at the file's end. */
export async function openOrgApi(): Promise<{ org: TestOrg; api: ApiHarness }> {
  const undo = new AsyncDisposableStack();
  after(() => undo.disposeAsync());
  const org = undo.use(await startOrg({ records: 100 }));
  const api = undo.use(await openApi([new URL(org.url).host]));
  return { org, api };
}
