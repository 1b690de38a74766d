import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * A folder for everything that a run writes, including what interrupted processes leave behind in `temporary`. A
 * PostgreSQL server whose folder was removed stops by itself within a minute.
 */
export async function openRunFolder(
  prefix: string,
  parent = tmpdir(),
): Promise<AsyncDisposable & { path: string; temporary: string }> {
  const path = await mkdtemp(join(parent, prefix));
  const temporary = join(path, 'tmp');
  await mkdir(temporary);
  await chmod(path, 0o711); // for processes that run as other users
  await chmod(temporary, 0o1777);
  return {
    path,
    temporary,
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true, maxRetries: 5 }),
  };
}
