import type { SObjectDef } from '../schema/schema.ts';
import {
  audit,
  email,
  field,
  flag,
  idOf,
  longText,
  picklist,
  readOnly,
  recordId,
  reference,
  required,
  text,
  viewed,
} from './fields.ts';

/** The org's users and their profiles, roles and groups. None of them has a recycle bin. */
export const permissions: readonly [name: string, label: string][] = [
  ['PermissionsApiEnabled', 'API Enabled'],
  ['PermissionsApiUserOnly', 'Api Only User'],
  ['PermissionsBulkApiHardDelete', 'Bulk API Hard Delete'],
  ['PermissionsViewSetup', 'View Setup and Configuration'],
  ['PermissionsManageUsers', 'Manage Users'],
  ['PermissionsViewAllData', 'View All Data'],
  ['PermissionsModifyAllData', 'Modify All Data'],
  ['PermissionsViewEncryptedData', 'View Encrypted Data'],
  ['PermissionsCustomizeApplication', 'Customize Application'],
  ['PermissionsViewAllFieldsGlobal', 'View All Fields (Global)'],
];

export const profile: SObjectDef = {
  name: 'Profile',
  label: 'Profile',
  labelPlural: 'Profile',
  keyPrefix: '00e',
  custom: false,
  createable: false,
  deletable: true,
  undeletable: false,
  triggerable: false,
  layoutable: false,
  fields: [
    recordId('Profile ID'),
    text('Name', 'Name', 255, required),
    ...permissions.map(([name, label]) => flag(name, label)),
    reference('UserLicenseId', 'User License ID', ['UserLicense'], { updateable: false, nillable: false }),
    picklist('UserType', 'User Type', ['Standard', 'Guest', 'CspLitePortal'], { ...readOnly, length: 40 }),
    ...audit,
    text('Description', 'Description', 255),
    ...viewed,
  ],
};

const accesses = ['None', 'Read', 'Edit'];

export const userRole: SObjectDef = {
  name: 'UserRole',
  label: 'Role',
  labelPlural: 'Role',
  keyPrefix: '00E',
  custom: false,
  deletable: true,
  undeletable: false,
  triggerable: false,
  layoutable: false,
  mruEnabled: false,
  fields: [
    recordId('Role ID'),
    text('Name', 'Name', 80, required),
    reference('ParentRoleId', 'Parent Role ID', ['UserRole'], { childRelationshipName: null }),
    text('RollupDescription', 'Description', 80),
    picklist('OpportunityAccessForAccountOwner', 'Opportunity Access Level for Account Owner', accesses, {
      ...required,
      length: 40,
      defaultSql: `'Edit'`,
    }),
    picklist('CaseAccessForAccountOwner', 'Case Access Level for Account Owner', accesses, { length: 40 }),
    picklist('ContactAccessForAccountOwner', 'Contact Access Level for Account Owner', accesses, {
      ...readOnly,
      length: 40,
    }),
    idOf('ForecastUserId', 'User ID', ['User']),
    flag('MayForecastManagerShare', 'May Forecast Manager Share', readOnly),
    ...audit.slice(2),
    text('DeveloperName', 'Developer Name', 80),
    idOf('PortalAccountId', 'Account ID', ['Account'], {
      updateable: false,
    }),
    picklist('PortalType', 'Portal Type', ['None', 'CustomerPortal', 'Partner'], {
      updateable: false,
      length: 40,
    }),
    idOf('PortalAccountOwnerId', 'User ID', ['User'], readOnly),
  ],
};

export const group: SObjectDef = {
  name: 'Group',
  label: 'Group',
  labelPlural: 'Group',
  keyPrefix: '00G',
  custom: false,
  deletable: true,
  undeletable: false,
  triggerable: false,
  layoutable: false,
  mruEnabled: false,
  fields: [
    recordId('Group ID'),
    text('Name', 'Name', 40, required),
    text('DeveloperName', 'Developer Name', 80),
    reference('RelatedId', 'Related ID', ['User', 'UserRole'], { ...readOnly, childRelationshipName: null }),
    picklist('Type', 'Type', ['Regular', 'Queue', 'Role', 'RoleAndSubordinates', 'Organization'], {
      ...required,
      updateable: false,
      length: 40,
      restrictedPicklist: true,
      defaultSql: `'Regular'`,
    }),
    email('Email', 'Email', { length: 255 }),
    reference('OwnerId', 'Owner ID', ['Organization', 'User'], { ...readOnly, nillable: false }),
    flag('DoesSendEmailToMembers', 'Send Email to Members'),
    flag('DoesIncludeBosses', 'Include Bosses', { defaultSql: 'true' }),
    ...audit,
    longText('Description', 'Description', 255),
  ],
};

export const groupMember: SObjectDef = {
  name: 'GroupMember',
  label: 'Group Member',
  labelPlural: 'Group Member',
  keyPrefix: '011',
  custom: false,
  deletable: true,
  undeletable: false,
  updateable: false,
  searchable: false,
  triggerable: false,
  layoutable: false,
  mruEnabled: false,
  fields: [
    recordId('Group Member ID'),
    reference('GroupId', 'Group ID', ['Group'], {
      ...required,
      updateable: false,
      cascadeDelete: true,
      childRelationshipName: 'GroupMembers',
    }),
    idOf('UserOrGroupId', 'User/Group ID', ['Group', 'User'], {
      ...required,
      updateable: false,
    }),
    field('datetime', 'SystemModstamp', 'System Modstamp', { ...readOnly, nillable: false }),
  ],
};

export const recordTypeSObject: SObjectDef = {
  name: 'RecordType',
  label: 'Record Type',
  labelPlural: 'Record Types',
  keyPrefix: '012',
  custom: false,
  deletable: false,
  searchable: false,
  triggerable: false,
  layoutable: false,
  fields: [
    recordId('Record Type ID'),
    text('Name', 'Name', 80, required),
    text('DeveloperName', 'Record Type Name', 80, required),
    text('NamespacePrefix', 'Namespace Prefix', 15, readOnly),
    text('Description', 'Description', 255),
    idOf('BusinessProcessId', 'Business Process ID', ['BusinessProcess']),
    picklist('SobjectType', 'SObject Type Name', ['Account', 'Case'], {
      ...required,
      updateable: false,
      length: 40,
    }),
    flag('IsActive', 'Active', { createable: false, defaultSql: 'true' }),
    ...audit.slice(0, 2).toReversed(),
    ...audit.slice(2, 4).toReversed(),
    ...audit.slice(4),
  ],
};
