/** What an org says about itself, about today's requests, and about the user who asks. */
import type { Clock } from '@lockstep/foundation/clock';
import { z } from 'zod';
import type { Salesforce } from './client.ts';
import { faultOf, parseJsonOrUndefined } from './faults.ts';
import type { Answer } from './transport.ts';

const rowsOf = <Row extends z.ZodType>(row: Row) => z.object({ records: z.array(row) });

const organizationSchema = z.object({
  Name: z.string(),
  OrganizationType: z.string().nullable(),
  IsSandbox: z.boolean(),
  TrialExpirationDate: z.string().nullable(),
});
const limitsSchema = z.object({ DailyApiRequests: z.object({ Max: z.int(), Remaining: z.int() }) });
const userSchema = z.object({
  user_id: z.string(),
  preferred_username: z.string(),
  name: z.string().nullish(),
});
const permissionsSchema = z.object({
  PermissionsViewAllData: z.boolean(),
  PermissionsViewSetup: z.boolean(),
  PermissionsViewEncryptedData: z.boolean(),
  PermissionsApiUserOnly: z.boolean(),
});

export interface OrgFacts {
  organization: z.infer<typeof organizationSchema> | null;
  dailyRequests: { max: number; used: number } | null;
  user: z.infer<typeof userSchema> | null;
  permissions: z.infer<typeof permissionsSchema> | null;
  /** Whether records in the recycle bin can be read. */
  readsDeleted: boolean;
  roundTripMs: number;
}

/**
 * Five requests. What Salesforce refuses to tell is null: rights, scopes and old API versions each hide something, and
 * that is no reason not to sync.
 *
 * @throws Fault of a request that got no answer, or that a limit or a refused credential stopped
 */
export async function readOrgFacts(
  salesforce: Salesforce,
  clock: Clock,
  signal: AbortSignal,
): Promise<OrgFacts> {
  let roundTripMs = Infinity;
  const ask = async (path: string): Promise<Answer> => {
    const sentAt = clock.now();
    const answer = await salesforce.request({ method: 'GET', path, purpose: 'setup' }, signal);
    roundTripMs = Math.min(roundTripMs, clock.now() - sentAt);
    return answer;
  };
  const askData = async (resource: string): Promise<Answer> => {
    const answer = await ask(`${salesforce.dataPath}/${resource}`);
    if (answer.status !== 200 && stopsAll.has(faultOf(answer).code)) throw faultOf(answer);
    return answer;
  };
  const query = (soql: string, resource = 'query') => askData(`${resource}?q=${encodeURIComponent(soql)}`);

  const organizationFields = Object.keys(organizationSchema.shape).join(', ');
  const organization = await query(`SELECT ${organizationFields} FROM Organization`);
  const permissionFields = Object.keys(permissionsSchema.shape).join(', ');
  const permissions = await query(`SELECT ${permissionFields} FROM UserPermissionAccess`);
  const deleted = await query('SELECT Id FROM Organization', 'queryAll');
  const limits = read(limitsSchema, await askData('limits'))?.DailyApiRequests;
  return {
    organization: read(rowsOf(organizationSchema), organization)?.records[0] ?? null,
    permissions: read(rowsOf(permissionsSchema), permissions)?.records[0] ?? null,
    dailyRequests: limits ? { max: limits.Max, used: limits.Max - limits.Remaining } : null,
    user: read(userSchema, await ask('/services/oauth2/userinfo')),
    readsDeleted: deleted.status === 200,
    roundTripMs: Math.round(roundTripMs),
  };
}

const stopsAll = new Set(['LIM-01', 'LIM-06', 'SF-01', 'SF-02']);

function read<Form extends z.ZodType>(form: Form, { status, text }: Answer): z.infer<Form> | null {
  const parsed = status === 200 ? form.safeParse(parseJsonOrUndefined(text)) : null;
  return parsed?.success ? parsed.data : null;
}
