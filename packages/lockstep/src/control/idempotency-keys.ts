import { Fault } from '../core/faults.ts';
import type { Control } from './database.ts';
import { claimKey, deleteKey, purgeKeys, selectKey, setKeyAnswer } from './idempotency-sql.ts';

export interface StoredAnswer {
  status: number;
  body: string;
}

/** Longer than any request to the API takes. */
const abandonedMs = 120_000;

/**
 * Begins a request that the caller may repeat with the same key, for 24 hours.
 *
 * @param asked  `fingerprint` of what is asked: the same key with another one is a mistake; `subject`: the id of what it
 *               is to make
 * @returns the answer of the first time; or the subject to go on with: the first one's, if its process has died
 * @throws {@link Fault} `API-06`: the key was used for another request; `API-07`: the first one is still under way
 */
export async function beginOnce(
  control: Control,
  asked: { key: string; fingerprint: string; subject: string },
): Promise<StoredAnswer | { subject: string }> {
  const { key, fingerprint } = asked;
  await purgeKeys(control.db);
  const [claimed] = await claimKey(control.db, asked, abandonedMs);
  if (claimed) return claimed;
  const [known] = await selectKey(control.db, key);
  if (known && known.fingerprint !== fingerprint) throw new Fault('API-06');
  if (!known || known.status === null) throw new Fault('API-07');
  return { status: known.status, body: known.body ?? '' };
}

/** Stores the answer, which every repetition gets. An answer that says that the server failed is not kept. */
export const endOnce = async (
  control: Control,
  key: string,
  { status, body }: StoredAnswer,
): Promise<void> => {
  if (status >= 500) await deleteKey(control.db, key);
  else await setKeyAnswer(control.db, key, status, body);
};
