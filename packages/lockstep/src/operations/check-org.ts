/** What an org is, and whether its user may do what a sync needs: each thing that is not as it should be has one repair. */
import type { OrgCheck } from '../contract/org-check.ts';
import { listSyncs, type Sync } from '../control/index.ts';
import { inRfc3339 } from '../core/plain-words.ts';
import { newestVersion, type OrgFacts, readOrgFacts, type Salesforce } from '../salesforce/index.ts';
import type { TryDeps } from './given-credential.ts';

/** @param sync  null: there is none yet */
export async function checkOrg(
  { control, clock }: TryDeps,
  salesforce: Salesforce,
  sync: Sync | null,
  signal: AbortSignal,
): Promise<OrgCheck> {
  const { orgId, instanceUrl } = await salesforce.identity(signal);
  const apiVersion = await newestVersion(salesforce, signal);
  const facts = await readOrgFacts(salesforce, clock, signal);
  const { organization, user, dailyRequests, roundTripMs } = facts;
  const others = (await listSyncs(control)).filter((one) => one.orgId === orgId && one.id !== sync?.id);
  const ends = organization?.TrialExpirationDate ?? null;
  return {
    org_id: orgId,
    name: organization?.Name ?? null,
    edition: organization?.OrganizationType ?? null,
    is_sandbox: organization?.IsSandbox ?? null,
    trial_ends_at: ends === null ? null : inRfc3339(ends),
    instance_url: instanceUrl,
    api_version: apiVersion,
    user: user && { id: user.user_id, username: user.preferred_username, name: user.name ?? '' },
    daily_requests: dailyRequests,
    round_trip_ms: roundTripMs,
    synced_as: others.map(({ name }) => name),
    checks: checksOf(facts),
  };
}

type Check = OrgCheck['checks'][number];

const passed = (name: string, says: string): Check => ({ name, state: 'passed', says, next: '' });
const advice = (name: string, says: string, next: string): Check => ({ name, state: 'advice', says, next });

function checksOf({ permissions, dailyRequests, readsDeleted, user }: OrgFacts): Check[] {
  return [
    passed('API', 'The user may use the API.'),
    viewAllData(permissions?.PermissionsViewAllData),
    dailyRequests
      ? passed('Daily limit', 'The limits of the org can be read.')
      : advice(
          'Daily limit',
          'The limits of the org cannot be read: usage is taken from the headers of answers only.',
          'Give the user View Setup and Configuration in a permission set.',
        ),
    readsDeleted
      ? passed('Deleted records', 'Records in the recycle bin can be read.')
      : {
          name: 'Deleted records',
          state: 'must fix',
          says: 'Salesforce refuses to show deleted records, so that deletions cannot be told from lost access.',
          next: 'Let the app use the full data API (scope api).',
        },
    encryptedData(permissions?.PermissionsViewEncryptedData),
    person(permissions?.PermissionsApiUserOnly, user?.preferred_username ?? null),
  ];
}

const unknownRight = 'Salesforce does not tell this user its own permissions.';

function viewAllData(may: boolean | undefined): Check {
  const name = 'View All Data';
  if (may === true) return passed(name, 'The user sees the records of everybody.');
  const says =
    may === undefined
      ? unknownRight
      : 'Records that sharing hides from the user are not copied, and losing access to one looks like its deletion.';
  return advice(
    name,
    says,
    'Give the user View All Data, or View All on the objects of the sync, in a permission set.',
  );
}

function encryptedData(may: boolean | undefined): Check {
  const name = 'View Encrypted Data';
  if (may === true) return passed(name, 'Encrypted fields are copied as they are.');
  const says =
    may === undefined ? unknownRight : 'Fields with classic encryption, if there are any, are copied masked.';
  return advice(
    name,
    says,
    'Give the user View Encrypted Data in a permission set, if the mirror is to have them.',
  );
}

function person(isApiOnly: boolean | undefined, username: string | null): Check {
  const name = 'User';
  if (isApiOnly === true) return passed(name, 'The user is one for programs only.');
  const who = username ?? 'The user';
  const says = `${who} may also sign in as a person. If that person leaves, the sync stops.`;
  return advice(name, says, 'Make a user for integrations, with Api Only User, and sign in as that one.');
}
