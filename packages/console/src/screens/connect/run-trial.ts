import { api, bodyOf } from '../../api/client.ts';
import type { components } from '../../api/schema.d.ts';

export type Trial = components['schemas']['Trial'];
export type ProxyRequest = components['schemas']['ProxyRequest'];

export interface TrialOutcome {
  trial: Trial;
  /** What the proxy has measured of the write; null: it has not told. */
  request: ProxyRequest | null;
  /** Of a key that was made for this and could not be revoked. */
  keyLeft: string | null;
}

interface Wanted {
  sync: string;
  object: string;
  id: string;
  /** Null: with a key of the proxy that is made for this. */
  token: string | null;
}

/** Writes one value of a record back through the proxy and reads it by SQL. */
export async function runTrial({ token, ...wanted }: Wanted): Promise<TrialOutcome> {
  if (token !== null) return { ...(await measure(wanted, token)), keyLeft: null };
  const { sync } = wanted;
  const name = `trial ${crypto.getRandomValues(new Uint32Array(1)).join()}`;
  const made = await bodyOf(
    api.POST('/api/v1/syncs/{sync}/proxy-keys', {
      params: { path: { sync } },
      body: { name, scope: 'write', expires_in_days: 1 },
    }),
  );
  const revoke = () =>
    bodyOf(api.DELETE('/api/v1/syncs/{sync}/proxy-keys/{name}', { params: { path: { sync, name } } })).then(
      () => null,
      () => name,
    );
  try {
    const measured = await measure(wanted, made.key);
    return { ...measured, keyLeft: await revoke() };
  } catch (error) {
    await revoke();
    throw error;
  }
}

async function measure({ sync, object, id }: Omit<Wanted, 'token'>, token: string) {
  const params = { path: { sync } };
  const trial = await bodyOf(api.POST('/api/v1/syncs/{sync}/trial', { params, body: { object, id, token } }));
  const query = { limit: 20 };
  const { items } = await bodyOf(
    api.GET('/api/v1/syncs/{sync}/proxy-requests', { params: { ...params, query } }),
  ).catch(() => ({ items: [] }));
  const isWrite = ({ method, record_id: record }: ProxyRequest) =>
    method === 'PATCH' && record !== null && record.slice(0, 15) === id.slice(0, 15);
  return { trial, request: items.find(isWrite) ?? null };
}
