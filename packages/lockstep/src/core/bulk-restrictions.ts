/** What Bulk API 2.0 does not read, although a query does. */
import { parentFieldsOf, takesPlainQueriesOnly } from './object-restrictions.ts';

/** Objects that connectors of others have found refused ("is not supported by the Bulk API"); others are found out. */
const withoutBulk = new Set(
  [
    'AcceptedEventRelation',
    'AssetTokenEvent',
    'AttachedContentNote',
    'Attachment',
    'CaseStatus',
    'ContractStatus',
    'DeclinedEventRelation',
    'EventWhoRelation',
    'FieldSecurityClassification',
    'OrderStatus',
    'PartnerRole',
    'QuoteTemplateRichTextData',
    'RecentlyViewed',
    'ServiceAppointmentStatus',
    'SolutionStatus',
    'TaskPriority',
    'TaskStatus',
    'TaskWhoRelation',
    'UndecidedEventRelation',
  ].map((name) => name.toLowerCase()),
);

/** Types whose values have no form in CSV. A single such field makes Salesforce refuse the whole job. */
const withoutCsv = new Set(['address', 'location', 'base64', 'complexvalue', 'json']);

export const canReadByBulk = (
  sobject: string,
  columns: readonly { field: string; fieldType: string }[],
): boolean =>
  !withoutBulk.has(sobject.toLowerCase()) &&
  !takesPlainQueriesOnly(sobject) &&
  parentFieldsOf(sobject) === null &&
  columns.some(({ field }) => field === 'Id') &&
  !columns.some(({ fieldType }) => withoutCsv.has(fieldType));
