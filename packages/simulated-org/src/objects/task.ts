import type { SObjectDef } from '../schema/schema.ts';
import {
  audit,
  field,
  flag,
  idOf,
  isDeleted,
  longText,
  owner,
  picklist,
  readOnly,
  recordId,
  reference,
  required,
  seenByAll,
  text,
} from './fields.ts';
import { taskStatuses } from './picklists.ts';
import { recurrence, what, who } from './recurrence.ts';

const subjects = ['Call', 'Send Letter', 'Send Quote', 'Other'];
const regenerations = [
  'RecurrenceRegenerateAfterDueDate',
  'RecurrenceRegenerateAfterToday',
  'RecurrenceRegenerated',
];
const subtypes = ['Task', 'Email', 'Call', 'ListEmail', 'Cadence'];

export const task: SObjectDef = {
  name: 'Task',
  label: 'Task',
  labelPlural: 'Tasks',
  keyPrefix: '00T',
  custom: false,
  deletable: true,
  archivable: true,
  nameField: 'Subject',
  fields: [
    recordId('Activity ID'),
    who('Tasks'),
    what('Tasks'),
    field('combobox', 'Subject', 'Subject', { ...seenByAll, length: 255, picklist: subjects }),
    field('date', 'ActivityDate', 'Due Date Only', seenByAll),
    picklist('Status', 'Status', taskStatuses, {
      ...required,
      length: 40,
      defaultSql: `'Not Started'`,
    }),
    picklist('Priority', 'Priority', ['High', 'Normal', 'Low'], {
      ...required,
      length: 40,
      defaultSql: `'Normal'`,
    }),
    flag('IsHighPriority', 'High Priority', { ...readOnly, derived: `("Priority" = 'High')` }),
    { ...owner(['Group', 'User']), label: 'Assigned To ID' },
    longText('Description', 'Description'),
    isDeleted,
    reference('AccountId', 'Account ID', ['Account'], { ...readOnly, childRelationshipName: null }),
    flag('IsClosed', 'Closed', { ...readOnly, derived: `("Status" = 'Completed')` }),
    ...audit,
    flag('IsArchived', 'Archived', readOnly),
    field('int', 'CallDurationInSeconds', 'Call Duration', { digits: 8 }),
    picklist('CallType', 'Call Type', ['Internal', 'Inbound', 'Outbound'], { length: 40 }),
    text('CallDisposition', 'Call Result', 255),
    text('CallObject', 'Call Object Identifier', 255),
    field('datetime', 'ReminderDateTime', 'Reminder Date/Time', seenByAll),
    flag('IsReminderSet', 'Reminder Set'),
    idOf('RecurrenceActivityId', 'Recurrence Activity ID', ['Task'], {
      ...readOnly,
      childRelationshipName: 'RecurringTasks',
    }),
    flag('IsRecurrence', 'Create Recurring Series of Tasks', { updateable: false }),
    field('date', 'RecurrenceStartDateOnly', 'Recurrence Start', seenByAll),
    ...recurrence,
    picklist('RecurrenceRegeneratedType', 'Repeat This Task', regenerations, {
      ...seenByAll,
      length: 40,
      restrictedPicklist: true,
    }),
    picklist('TaskSubtype', 'Task Subtype', subtypes, {
      ...seenByAll,
      length: 40,
      updateable: false,
      restrictedPicklist: true,
      defaultSql: `'Task'`,
    }),
    field('datetime', 'CompletedDateTime', 'Completed Date/Time', readOnly),
  ],
};
