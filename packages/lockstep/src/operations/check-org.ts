/** What an org is, and whether its user may do what a sync needs: each thing that is not as it should be has one repair. */
import type { OrgCheck } from '../contract/org-check.ts';
import { recommendedObjects } from '../contract/org-objects.ts';
import { listSyncs, type Sync } from '../control/index.ts';
import { counted, inRfc3339 } from '../core/plain-words.ts';
import {
  describeSObjects,
  listSObjects,
  newestVersion,
  type OrgFacts,
  readHiddenFields,
  readOrgFacts,
  type Salesforce,
} from '../salesforce/index.ts';
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
  const hidden = await hiddenFieldsOf(salesforce, sync?.sobjects ?? recommendedObjects, signal);
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
    hidden_fields: hidden && [...hidden],
    checks: [...checksOf(facts), hiddenFields(hidden), person(facts)],
  };
}

/** Of those of the objects that the user sees at all. */
async function hiddenFieldsOf(
  salesforce: Salesforce,
  sobjects: readonly string[],
  signal: AbortSignal,
): Promise<readonly string[] | null> {
  const known = new Set((await listSObjects(salesforce, signal)).map(({ name }) => name));
  const names = sobjects.filter((name) => known.has(name));
  const described = names.length === 0 ? [] : await describeSObjects(salesforce, names, signal);
  return readHiddenFields(salesforce, described, signal);
}

type Check = OrgCheck['checks'][number];

const passed = (name: string, says: string): Check => ({ name, state: 'passed', says, next: '' });
const advice = (name: string, says: string, next: string): Check => ({ name, state: 'advice', says, next });

function checksOf({ permissions, dailyRequests, readsDeleted }: OrgFacts): Check[] {
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

const namesMax = 5;

function hiddenFields(hidden: readonly string[] | null): Check {
  const name = 'Fields';
  if (hidden === null)
    return advice(
      name,
      'Salesforce does not tell which fields it hides from the user: they get no column.',
      'Give the user View Setup and Configuration in a permission set.',
    );
  if (hidden.length === 0) return passed(name, 'No field that others may read is hidden from the user.');
  const objects = new Set(hidden.map((field) => field.split('.')[0]));
  const more = hidden.length > namesMax ? ` and ${hidden.length - namesMax} more` : '';
  const which = `${hidden.slice(0, namesMax).join(', ')}${more}`;
  return advice(
    name,
    `Others may read ${counted(hidden.length, 'field')} of ${counted(objects.size, 'object')} that the user may not: ${which}. The mirror does without.`,
    'If the mirror is to have them, give the user Read Access to them in a permission set, under Object Settings.',
  );
}

function person({ permissions, user }: OrgFacts): Check {
  const name = 'User';
  if (permissions?.PermissionsApiUserOnly === true) return passed(name, 'The user is one for programs only.');
  const who = user?.preferred_username ?? 'The user';
  const says = `${who} may also sign in as a person. If that person leaves, the sync stops.`;
  return advice(name, says, 'Make a user for integrations, with Api Only User, and sign in as that one.');
}
