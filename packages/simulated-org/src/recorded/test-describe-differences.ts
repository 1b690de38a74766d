import type { Difference } from './test-describe.ts';

interface Justified {
  reason: string;
  is: (difference: Difference) => boolean;
}

const places = (reason: string, key: string, ...names: readonly string[]): Justified => ({
  reason,
  is: (difference) => difference.key === key && names.includes(difference.place),
});

const isSmaller = ({ recorded, given }: Difference): boolean =>
  Array.isArray(recorded) && Array.isArray(given) && given.length < recorded.length;

/** Expected differences, each group with its reason. */
const justified: readonly Justified[] = [
  {
    reason: 'custom fields of one org only, and references from custom sobjects',
    is: ({ place, key }) => (key === 'field' || key === 'child') && place.endsWith('__c'),
  },
  {
    reason: 'scopes of teams, queues and rules; the simulated org accepts everything and mine',
    is: (difference) => difference.key === 'supportedScopes' && isSmaller(difference),
  },
  {
    reason: 'older answers of version 48 do not have the key, newer ones of the same version do',
    is: ({ key, recorded }) => key === 'sobjectDescribeOption' && recorded === undefined,
  },
  {
    reason: 'the simulated org has fewer sobjects, and one of its own',
    is: (difference) =>
      difference.key === 'referenceTo' && difference.place === 'Event.WhatId' && isSmaller(difference),
  },
  {
    reason: 'only the time zones that the seed data uses',
    is: (difference) => difference.place === 'Event.RecurrenceTimeZoneSidKey' && isSmaller(difference),
  },
  {
    reason: 'rights are set by the control API, not by records',
    is: ({ place, key }) =>
      /^FieldPermissions\b/.test(place) && ['createable', 'updateable', 'deletable'].includes(key),
  },
  ...['createable', 'updateable', 'defaultedOnCreate'].map((key) =>
    places('the forecast category follows the stage', key, 'Opportunity.ForecastCategoryName'),
  ),
  ...['length', 'byteLength'].map((key) =>
    places(
      'picklists of 40 characters, as in orgs before 2020; the newer recordings and the field reference have 255',
      key,
      ...['Type', 'Industry', 'Ownership', 'Rating', 'AccountSource'].map((name) => `Account.${name}`),
      ...['Type', 'Status', 'Reason', 'Origin', 'Priority'].map((name) => `Case.${name}`),
    ),
  ),
  places(
    'the catalogue’s user may set them, by Insert System Field Values for Chatter Feeds',
    'createable',
    'FeedItem.CreatedById',
    'FeedItem.CreatedDate',
  ),
  places('who has inserted a post for somebody else is not kept', 'catalogue field', 'FeedItem.InsertedById'),
  places('the recorded org had no record types for cases', 'field', 'Case.RecordTypeId'),
  places(
    'documented as updateable; in the catalogue’s org everybody may edit every account',
    'updateable',
    'AccountShare.AccountAccessLevel',
    'AccountShare.OpportunityAccessLevel',
    'AccountShare.CaseAccessLevel',
  ),
  places(
    'features that the catalogue’s org did not use, but another recorded org did',
    'catalogue field',
    'Account.RecordTypeId',
    'Account.IsPartner',
    'Account.IsCustomerPortal',
    'Account.ChannelProgramName',
    'Account.ChannelProgramLevelName',
    'Account.OperatingHoursId',
    'Case.RecordTypeId',
  ),
  places(
    'not in the recorded describes, which are older or made by a user who may not see them',
    'catalogue field',
    'CampaignMember.DoNotCall',
    'CampaignMember.HasOptedOutOfEmail',
    'CampaignMember.HasOptedOutOfFax',
    'Contact.ContactSource',
    'Contact.IsPriorityRecord',
    'Lead.IsPriorityRecord',
    'Opportunity.PushCount',
  ),
  places(
    'features that the simulated org lacks: record types of members, external data, internal files',
    'catalogue field',
    'Campaign.CampaignMemberRecordTypeId',
    'ContentDocument.IsInternalOnly',
    'Product2.ExternalDataSourceId',
  ),
  {
    reason: 'of sobjects and fields the simulated org shows what tells them apart',
    is: ({ place, key, given }) =>
      key === 'catalogue field' && given === undefined && /^(Entity|Field)Definition\./.test(place),
  },
  {
    reason: 'queries can follow it, although it is described as a text',
    is: ({ place, key }) =>
      place === 'FieldDefinition.EntityDefinitionId' && ['type', 'relationshipName'].includes(key),
  },
  {
    reason: 'the simulated org has only those permissions that it acts on',
    is: ({ place, key, given }) =>
      key === 'catalogue field' &&
      given === undefined &&
      /^(Profile|UserPermissionAccess)\.Permissions/.test(place),
  },
];

export const unjustified = (differences: readonly Difference[]): Difference[] =>
  differences.filter((difference) => !justified.some(({ is }) => is(difference)));
