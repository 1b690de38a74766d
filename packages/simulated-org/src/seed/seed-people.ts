import { type Sql, sql } from '@lockstep/foundation/sql';
import { caseStatuses } from '../objects/picklists.ts';
import { recordId, recordIdSql } from '../write/ids.ts';
import { always, listed, type Maker, recordAtSamePosition, someRecord } from './seed-makers.ts';
import { rangeOf, recordTypes } from './seed-plan.ts';
import { groups, profileNames, roleNames } from './seed-words.ts';

/** The rows that describe the org itself: the organization, its users, and what its picklists mean. */

/** What each profile allows, in the order of the profiles. */
const permissions: Readonly<Record<string, readonly boolean[]>> = {
  PermissionsApiEnabled: [true, true, true, false],
  PermissionsApiUserOnly: [false, false, true, false],
  PermissionsBulkApiHardDelete: [false, false, false, false],
  PermissionsViewSetup: [true, true, false, false],
  PermissionsManageUsers: [true, false, false, false],
  PermissionsViewAllData: [true, false, false, false],
  PermissionsModifyAllData: [true, false, false, false],
  PermissionsViewEncryptedData: [false, false, false, false],
  PermissionsCustomizeApplication: [true, false, false, false],
  PermissionsViewAllFieldsGlobal: [false, false, false, false],
};
const place = (first: number): Sql => sql`(1 + n - ${first}::bigint)::integer`;

const organizationFields: Maker = () => ({
  Name: sql`'Acme'::text`,
  Street: always(sql`'1 Market Street'::text`),
  City: always(sql`'San Francisco'::text`),
  State: always(sql`'CA'::text`),
  PostalCode: always(sql`'94105'::text`),
  Country: always(sql`'US'::text`),
  PrimaryContact: always(sql`'Demo User'::text`),
  OrganizationType: always(sql`'Developer Edition'::text`),
  InstanceName: always(sql`'NA01'::text`),
  UiSkin: always(sql`'Theme3'::text`),
});

const profileFields: Maker = (_dice, plan) => {
  const at = place(rangeOf(plan, 'Profile').first);
  return {
    Name: listed(plan, 'Profile', profileNames),
    UserLicenseId: sql`${recordId('100', 1)}::text`,
    UserType: always(sql`'Standard'::text`),
    ...Object.fromEntries(
      Object.entries(permissions).map(([name, may]) => [
        name,
        sql`(${may.map(String)}::text[])[${at}]::boolean`,
      ]),
    ),
  };
};

const roleFields: Maker = (_dice, plan) => {
  const { first } = rangeOf(plan, 'UserRole');
  return {
    Name: listed(plan, 'UserRole', roleNames),
    DeveloperName: always(sql`replace(${listed(plan, 'UserRole', roleNames)}, ' ', '')`),
    // The heads report to the first role, the regions to the second.
    ParentRoleId:
      always(sql`CASE ${place(first)} WHEN 1 THEN NULL WHEN 3 THEN ${recordIdSql('00E', sql`${first + 1}::bigint`)}
      WHEN 4 THEN ${recordIdSql('00E', sql`${first + 1}::bigint`)} ELSE ${recordIdSql('00E', sql`${first}::bigint`)} END`),
  };
};

const groupFields: Maker = (_dice, plan) => {
  const name = listed(
    plan,
    'Group',
    groups.map(([one]) => one),
  );
  return {
    Name: name,
    DeveloperName: always(sql`replace(${name}, ' ', '_')`),
    Type: listed(
      plan,
      'Group',
      groups.map(([, type]) => type),
    ),
  };
};

const groupMemberFields: Maker = (dice, plan) => ({
  GroupId: recordAtSamePosition(plan, 'GroupMember', 'Group', '00G'),
  UserOrGroupId: someRecord(dice, plan, '005', 'User', 'member'),
});

const recordTypeFields: Maker = (_dice, plan) => {
  const column = (key: 'name' | 'developerName' | 'of') =>
    listed(
      plan,
      'RecordType',
      recordTypes.map((type) => type[key]),
    );
  return {
    Name: column('name'),
    DeveloperName: column('developerName'),
    SobjectType: column('of'),
  };
};

const caseStatusFields: Maker = (_dice, plan) => {
  const at = place(rangeOf(plan, 'CaseStatus').first);
  return {
    MasterLabel: always(listed(plan, 'CaseStatus', caseStatuses)),
    ApiName: listed(plan, 'CaseStatus', caseStatuses),
    SortOrder: always(at),
    IsDefault: sql`${at} = 1`,
    IsClosed: sql`${listed(plan, 'CaseStatus', caseStatuses)} = 'Closed'`,
  };
};

export const peopleMakers: Record<string, Maker> = {
  Organization: organizationFields,
  Profile: profileFields,
  UserRole: roleFields,
  Group: groupFields,
  GroupMember: groupMemberFields,
  RecordType: recordTypeFields,
  CaseStatus: caseStatusFields,
};
