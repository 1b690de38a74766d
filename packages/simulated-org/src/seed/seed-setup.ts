import { sql } from '@lockstep/foundation/sql';
import { recordIdSql } from '../write/ids.ts';
import { always, fieldOf, listed, type Maker, someRecord } from './seed-makers.ts';
import { rangeOf } from './seed-plan.ts';
import { apexPages, regions } from './seed-words.ts';

/** What an administrator has set up, and what the org logs about the work of others. */
const regionFields: Maker = (_dice, plan) => {
  const column = (value: (one: (typeof regions)[number]) => string) =>
    listed(plan, 'Region__mdt', regions.map(value));
  return {
    DeveloperName: always(column(({ name }) => name.replaceAll(' ', '_'))),
    MasterLabel: always(column(({ name }) => name)),
    Language: always(sql`'en_US'::text`),
    Tax_Rate__c: always(sql`${column(({ taxRate }) => String(taxRate))}::numeric`),
    Currency__c: column(({ currency }) => currency),
  };
};

const pageFields: Maker = (_dice, plan) => {
  const name = listed(plan, 'ApexPageInfo', apexPages);
  return {
    DurableId: always(recordIdSql('066', sql`n`)),
    ApexPageId: recordIdSql('066', sql`n`),
    Name: name,
    ApiVersion: sql`58.0::numeric`,
    MasterLabel: always(sql`replace(${name}, '_', ' ')`),
    IsShowHeader: always(sql`'true'::text`),
  };
};

/** Two tests of each flow. */
const flowTestFields: Maker = (_dice, plan) => {
  const place = sql`(n - ${rangeOf(plan, 'FlowTestView').first}::bigint)`;
  return {
    DurableId: always(sql`concat('Flow_Test_', ${place})`),
    FlowDefinitionViewId: always(sql`concat('Flow_', ${place} / 2)`),
    FlowTestApiName: always(sql`concat('Flow_Test_', ${place})`),
    FlowTestLabel: always(sql`concat('Flow Test ', ${place})`),
  };
};

const loginFields: Maker = (dice, plan) => {
  const user = someRecord(dice, plan, '005', 'User', 'user');
  return {
    EventIdentifier: sql`md5(n::text)::uuid::text`,
    EventDate: sql`created`,
    UserId: always(user),
    Username: always(fieldOf('User', user, 'Username')),
    SourceIp: sql`concat('192.0.2.', ${dice.roll('address', 250)})`,
    Application: dice.pick('application', ['Browser', 'Data Loader', 'Lockstep']),
    LoginType: dice.pick('type', ['Application', 'Remote Access 2.0']),
    Status: always(sql`'Success'::text`),
  };
};

const activityHistoryFields: Maker = (dice, plan) => ({
  ActivityId: someRecord(dice, plan, '00T', 'Task', 'activity'),
  ChangedDate: sql`created`,
  ChangedById: someRecord(dice, plan, '005', 'User', 'changer'),
  FieldName: dice.pick('field', ['Status', 'Subject', 'Priority']),
  DataType: always(sql`'Text'::text`),
  Operation: always(sql`'Updated'::text`),
  IsDataAvailable: sql`true`,
  OldValueText: dice.pick('old', ['Not Started', 'High', 'Call']),
  NewValueText: dice.pick('new', ['Completed', 'Normal', 'Email']),
});

export const setupMakers: Record<string, Maker> = {
  Region__mdt: regionFields,
  ApexPageInfo: pageFields,
  FlowTestView: flowTestFields,
  LoginEvent: loginFields,
  ActivityFieldHistory: activityHistoryFields,
};
