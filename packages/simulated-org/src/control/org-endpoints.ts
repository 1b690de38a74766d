import { randomInt } from 'node:crypto';
import { sql } from '@lockstep/foundation/sql';
import { z } from 'zod';
import { setPassword } from '../auth/passwords.ts';
import { randomSecret } from '../auth/secrets.ts';
import { nameOrganization } from '../open-org.ts';
import { type Org } from '../org.ts';
import { versionMax } from '../rest/rest.ts';
import { insertRecord } from '../write/dml.ts';
import { columnValues } from '../write/field-values.ts';
import { recordId } from '../write/ids.ts';
import { writeTransaction } from '../write/open-writes.ts';
import { type EndpointGroup, endpoint, reads, sobjectNamed, userIdOf } from './control-endpoint.ts';
import { ControlError } from './control-error.ts';
import { changeOrgId } from './storage.ts';
import { exactValues, fieldValues, idOf } from './writes.ts';

/** Which org this is, its users, and how much it allows. */
async function becomeOrg(org: Org, { id }: { id?: string | undefined }) {
  const orgId = id === undefined ? recordId('00D', randomInt(2 ** 47)) : idOf(id);
  if (!orgId.startsWith('00D')) throw new ControlError(400, 'id: an Id of an org begins with 00D');
  await org.db.transaction(async (tx) => {
    await changeOrgId(tx, orgId);
    await nameOrganization(tx, orgId);
  });
  org.settings.orgId = orgId;
  org.id = orgId;
  return { orgId };
}

const userBody = z.strictObject({
  username: z.email(),
  values: fieldValues.default({}).describe('Other fields of User.'),
});

/** With a password, for the username-password flow of the demo app. */
async function addUser(org: Org, { username, values }: z.output<typeof userBody>) {
  const [name = ''] = username.split('@');
  const [like] = await org.db.query<Record<string, string>>(sql`
    SELECT "TimeZoneSidKey", "LocaleSidKey", "EmailEncodingKey", "ProfileId", "LanguageLocaleKey"
      FROM org."User" WHERE "Id" = ${org.settings.demoUserId}`);
  const def = sobjectNamed(org, 'User');
  const own = { Username: username, Email: username, LastName: name, Alias: name.slice(0, 8) };
  const columns = columnValues(def, exactValues({ ...like, ...own, ...values }), 'create');
  const password = randomSecret();
  const by = { org, userId: userIdOf(org) };
  const id = await writeTransaction(org, async (tx) => {
    const made = await insertRecord(tx, by, def, columns);
    await setPassword({ db: tx }, made, password);
    return made;
  });
  return { id, username, password };
}

const limitsBody = z.strictObject({
  dailyMax: z.int().min(1).optional().describe('Requests per day.'),
  dailyUsed: z.int().min(0).optional(),
  longMax: z
    .int()
    .min(1)
    .optional()
    .describe("Concurrent requests that take longer than 20 s by the org's clock."),
  longUsed: z.int().min(0).optional().describe('How many are counted in addition to the real ones.'),
});

const shownLimits = ({ usage, longRequests }: Org) => ({
  dailyMax: usage.max,
  dailyUsed: usage.used,
  longMax: longRequests.max,
  longUsed: longRequests.used,
});

function setLimits(org: Org, { dailyMax, dailyUsed, longMax, longUsed }: z.output<typeof limitsBody>) {
  const { usage, longRequests } = org;
  if (dailyMax !== undefined) usage.max = dailyMax;
  if (dailyUsed !== undefined) usage.used = dailyUsed;
  if (longMax !== undefined) longRequests.max = longMax;
  if (longUsed !== undefined) longRequests.extra = longUsed;
  return shownLimits(org);
}

export const orgEndpoints: EndpointGroup = {
  title: 'Versions and limits',
  about: 'A restart resets versions and limits; users and the org id stay.',
  endpoints: [
    endpoint({
      path: '/org/changeId',
      does: 'Makes it another org under the same URL, as a sandbox refresh does. All tokens become invalid; apps, passwords and records stay.',
      body: z.strictObject({
        id: z.string().optional().describe('18 or 15 characters; random if left out.'),
      }),
      example: {},
      run: becomeOrg,
    }),
    endpoint({
      path: '/org/addUser',
      does: 'Adds a user and returns its Id and password, with which the demo app signs it in.',
      body: userBody,
      example: { username: 'new@example.com', values: { FirstName: 'New' } },
      run: addUser,
    }),
    endpoint({
      path: '/org/retireVersions',
      does: 'Retires the API versions up to a number: 410 UNSUPPORTED_API_VERSION. 0 restores them.',
      body: z.strictObject({
        until: z
          .int()
          .min(0)
          .max(versionMax - 1),
      }),
      example: { until: 55 },
      run: ({ control }, { until }) => {
        control.retiredUntil = until;
      },
    }),
    reads('/limits', 'Returns the limits and how much of them is used.', shownLimits),
    endpoint({
      path: '/limits',
      does: 'Sets the limits and how much of them is used; what is left out stays.',
      body: limitsBody,
      example: { dailyMax: 15_000, dailyUsed: 14_990 },
      run: setLimits,
    }),
  ],
};
