import {
  type Control,
  type IsExpected,
  readSync,
  refuseChange,
  type Sync,
  withChangeLock,
} from '../control/index.ts';
import { Fault } from '../core/faults.ts';

/**
 * Changes the mirror of a sync while nobody else does.
 *
 * @param work  gets the sync as it is then
 * @throws {@link Fault} `SYS-18`: the sync is being deleted; `PRX-01`: it has been; `API-04`: it is not as expected; `SYS-23`
 */
export const changeAlone = <Result>(
  control: Control,
  { id }: Sync,
  work: (current: Sync) => Promise<Result>,
  isExpected?: IsExpected,
): Promise<Result> =>
  withChangeLock(control, id, async () => {
    const current = await readSync(control, id);
    if (!current) throw new Fault('PRX-01');
    refuseChange(current, isExpected);
    return work(current);
  });

/** How a change of a sync is made. */
export interface ChangeOptions {
  /** Other hosts that credentials may be sent to, besides Salesforce's own. */
  allowHosts: readonly string[];
  /** It is only tried. */
  isDryRun: boolean;
  isExpected?: IsExpected;
}
