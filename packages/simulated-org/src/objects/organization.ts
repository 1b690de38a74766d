import type { SObjectDef } from '../schema/schema.ts';
import { address, audit, field, flag, phone, picklist, readOnly, recordId, text } from './fields.ts';
import { languages, locales, timeZones } from './picklists.ts';

const accesses = ['None', 'Read', 'Edit', 'ControlledByParent', 'ControlledByCampaign'];
const uses = ['Base Edition', 'Developer Edition', 'Enterprise Edition', 'Unlimited Edition'];

const setting = (name: string, label: string) => flag(name, label, { createable: false });
const access = (name: string, label: string, level: string) =>
  picklist(name, label, accesses, { ...readOnly, length: 40, defaultSql: `'${level}'` });

/** One row: the org itself. */
export const organization: SObjectDef = {
  name: 'Organization',
  label: 'Organization',
  labelPlural: 'Organizations',
  keyPrefix: '00D',
  custom: false,
  deletable: false,
  createable: false,
  searchable: false,
  triggerable: false,
  layoutable: false,
  mruEnabled: false,
  fields: [
    recordId('Organization ID'),
    text('Name', 'Name', 80, { nillable: false, createable: false }),
    text('Division', 'Division', 80, { createable: false }),
    ...address('', '', 'Address').map((part) => ({
      ...part,
      createable: false,
      updateable: part.updateable && part.name !== 'Country',
    })),
    { ...phone('Phone', 'Phone'), createable: false },
    { ...phone('Fax', 'Fax'), createable: false },
    text('PrimaryContact', 'Primary Contact', 80, { createable: false }),
    picklist('DefaultLocaleSidKey', 'Locale', locales, {
      nillable: false,
      createable: false,
      length: 40,
      defaultSql: `'en_US'`,
    }),
    picklist('TimeZoneSidKey', 'Time Zone', timeZones, {
      nillable: false,
      createable: false,
      length: 40,
      defaultSql: `'America/New_York'`,
    }),
    picklist('LanguageLocaleKey', 'Language', languages, {
      nillable: false,
      createable: false,
      length: 40,
      defaultSql: `'en_US'`,
    }),
    setting('ReceivesInfoEmails', 'Info Emails'),
    setting('ReceivesAdminInfoEmails', 'Info Emails Admin'),
    setting('PreferencesRequireOpportunityProducts', 'RequireOpportunityProducts'),
    setting('PreferencesEmailSenderIdCompliance', 'EmailSenderIdCompliance'),
    setting('PreferencesTransactionSecurityPolicy', 'TransactionSecurityPolicy'),
    setting('PreferencesConsentManagementEnabled', 'ConsentManagementEnabled'),
    setting('PreferencesAutoSelectIndividualOnMerge', 'AutoSelectIndividualOnMerge'),
    setting('PreferencesLightningLoginEnabled', 'LightningLoginEnabled'),
    setting('PreferencesOnlyLLPermUserAllowed', 'OnlyLLPermUserAllowed'),
    field('int', 'FiscalYearStartMonth', 'Fiscal Year Starts In', {
      ...readOnly,
      digits: 9,
      defaultSql: '1',
    }),
    flag('UsesStartDateAsFiscalYearName', 'Fiscal Year Name by Start', readOnly),
    access('DefaultAccountAccess', 'Default Account Access', 'Edit'),
    access('DefaultContactAccess', 'Default Contact Access', 'ControlledByParent'),
    access('DefaultOpportunityAccess', 'Default Opportunity Access', 'Edit'),
    access('DefaultLeadAccess', 'Default Lead Access', 'Edit'),
    access('DefaultCaseAccess', 'Default Case Access', 'Edit'),
    access('DefaultCalendarAccess', 'Default Calendar Access', 'None'),
    access('DefaultPricebookAccess', 'Default Price Book Access', 'Read'),
    access('DefaultCampaignAccess', 'Default Campaign Access', 'Edit'),
    ...audit.slice(4),
    field('email', 'ComplianceBccEmail', 'Compliance BCC Email', { ...readOnly, length: 80 }),
    picklist('UiSkin', 'UI Skin', ['Theme1', 'Theme2', 'Theme3'], { createable: false, length: 40 }),
    text('SignupCountryIsoCode', 'Signup Country', 2, readOnly),
    field('datetime', 'TrialExpirationDate', 'Trial Expiration Date', readOnly),
    field('int', 'NumKnowledgeService', 'Knowledge Licenses', { ...readOnly, digits: 8, defaultSql: '0' }),
    picklist('OrganizationType', 'Edition', uses, { ...readOnly, length: 40 }),
    text('NamespacePrefix', 'Namespace Prefix', 15, readOnly),
    text('InstanceName', 'Instance Name', 5, readOnly),
    flag('IsSandbox', 'Is Sandbox', readOnly),
    text('WebToCaseDefaultOrigin', 'Web to Cases Default Origin', 40, { createable: false }),
    field('int', 'MonthlyPageViewsUsed', 'Monthly Page Views Used', { ...readOnly, digits: 9 }),
    field('int', 'MonthlyPageViewsEntitlement', 'Monthly Page Views Allowed', { ...readOnly, digits: 9 }),
    flag('IsReadOnly', 'Is Read Only', readOnly),
    ...audit.slice(0, 4),
  ],
};
