import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { columnsQuery, setAsideQuery } from '../../api/figures.ts';
import type { NewOperation } from '../../api/operations.ts';
import { type OperationRun, useOperation } from '../../objects/use-operation.ts';

export interface ObjectWork {
  /** What it is called. */
  what: string;
  run: OperationRun;
  /** Asks for it. Returns whether it was accepted. */
  start: (what: string, wanted: NewOperation) => Promise<boolean>;
  /** Follows what another request has asked for. */
  follow: (what: string, operation: string) => void;
}

/** The last work on an object that somebody has asked for on its page. At its end the page's lists are read anew. */
export function useObjectWork(sync: string, object: string): ObjectWork {
  const client = useQueryClient();
  const [what, setWhat] = useState('');
  const run = useOperation(sync, () => {
    void client.invalidateQueries(setAsideQuery(sync, object));
    void client.invalidateQueries(columnsQuery(sync, object));
  });
  return {
    what,
    run,
    start(name, wanted) {
      setWhat(name);
      return run.start(wanted);
    },
    follow(name, operation) {
      setWhat(name);
      run.follow(operation);
    },
  };
}
