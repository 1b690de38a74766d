import { shellWord } from '@lockstep/foundation/shell-words';
import { type Control, readSync, type Sync, withChangeLock } from '../control/index.ts';
import { Fault } from '../core/faults.ts';

/**
 * Changes the mirror of a sync while nobody else does.
 *
 * @param work  gets the sync as it is then
 * @throws {@link Fault} `SYS-18`: the sync is being deleted; `PRX-01`: it has been; `SYS-23`
 */
export const changeAlone = <Result>(
  control: Control,
  { id }: Sync,
  work: (current: Sync) => Promise<Result>,
): Promise<Result> =>
  withChangeLock(control, id, async () => {
    const current = await readSync(control, id);
    if (!current) throw new Fault('PRX-01');
    if (current.isDeleting) throw new Fault('SYS-18', { sync: shellWord(current.name) });
    return work(current);
  });
