import { useEffect, useState } from 'react';
import { serverNow } from '../api/server-clock.ts';

/** This machine's time, renewed so often. */
export const useNow = (everyMs: number): number => useRenewed(Date.now, everyMs);

/** The server's time, by which ages are counted. */
export const useServerNow = (everyMs: number): number => useRenewed(serverNow, everyMs);

function useRenewed(read: () => number, everyMs: number): number {
  const [now, setNow] = useState(read);
  useEffect(() => {
    const timer = setInterval(() => setNow(read()), everyMs);
    return () => clearInterval(timer);
  }, [read, everyMs]);
  return now;
}
