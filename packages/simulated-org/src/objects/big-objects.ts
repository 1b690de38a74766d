import type { FieldDef, SObjectDef } from '../schema/schema.ts';
import {
  audit,
  emptyId,
  field,
  flag,
  idOf,
  number,
  picklist,
  readOnly,
  recordId,
  reference,
  text,
} from './fields.ts';

/**
 * Big objects: billions of rows, found only by a composite key. The limits on their queries are in
 * soql/big-object-query.ts.
 */
const key = { ...readOnly, nillable: false, told: { aggregatable: false, groupable: false } };
const stored = {
  ...readOnly,
  told: { aggregatable: false, filterable: false, groupable: false, sortable: false },
};
const never = { ...stored, nillable: false };

const texts = (labels: Record<string, string>, length = 255): FieldDef[] =>
  Object.entries(labels).map(([name, label]) => text(name, label, length, stored));

const big = {
  custom: false,
  deletable: false,
  createable: false,
  updateable: false,
  replicateable: false,
  searchable: false,
  triggerable: false,
  layoutable: false,
  mruEnabled: false,
} as const;

/** The documentation of big objects says that queried rows have an empty Id. */
export const loginEvent: SObjectDef = {
  ...big,
  name: 'LoginEvent',
  label: 'Login Event',
  labelPlural: 'Login Events',
  keyPrefix: '1HB',
  retrieveable: false,
  bigIndex: [
    { field: 'EventDate', direction: 'descending' },
    { field: 'EventIdentifier', direction: 'ascending' },
  ],
  fields: [
    recordId('Login Event ID', { shown: emptyId }),
    field('datetime', 'CreatedDate', 'Created Date', never),
    text('EventIdentifier', 'Event Identifier', 36, key),
    reference('UserId', 'User ID', ['User'], { ...stored, childRelationshipName: null }),
    text('Username', 'Username', 255, stored),
    field('datetime', 'EventDate', 'Event Date', key),
    text('RelatedEventIdentifier', 'Related Event Identifier', 36, stored),
    idOf('PolicyId', 'Transaction Security Policy ID', ['TransactionSecurityPolicy'], {
      ...stored,
      relationshipName: 'Policy',
    }),
    picklist('PolicyOutcome', 'Policy Outcome', ['Block', 'NoAction', 'Notified'], stored),
    number('EvaluationTime', 'Evaluation Time', 2, stored),
    ...texts({ SessionKey: 'Session Key', LoginKey: 'Login Key' }, 24),
    picklist('SessionLevel', 'Session Level', ['HIGH_ASSURANCE', 'LOW', 'STANDARD'], stored),
    ...texts({
      SourceIp: 'Source IP',
      AdditionalInfo: 'Additional Information',
      ApiType: 'API Type',
      ApiVersion: 'API Version',
      Application: 'Application',
    }),
    idOf('AuthServiceId', 'Authentication Service ID', [], stored),
    text('Browser', 'Browser', 255, stored),
    picklist('HttpMethod', 'HTTP Method', ['GET', 'POST'], stored),
    ...texts({ CountryIso: 'Country Code', ForwardedForIp: 'Forwarded For IP' }),
    number('LoginLatitude', 'Latitude', 15, stored),
    number('LoginLongitude', 'Longitude', 15, stored),
    ...texts({ Country: 'Country', City: 'City', PostalCode: 'Postal Code', Subdivision: 'Subdivision' }),
    picklist('CipherSuite', 'TLS Cipher Suite', ['ECDHE-RSA-AES256-GCM-SHA384'], stored),
    text('ClientVersion', 'Client Version', 255, stored),
    idOf('LoginGeoId', 'Login Geo Data ID', [], stored),
    idOf('LoginHistoryId', 'Login History ID', [], stored),
    picklist('LoginType', 'Login Type', ['Application', 'Remote Access 2.0'], stored),
    ...texts({ LoginUrl: 'Login URL', Platform: 'Platform', Status: 'Status' }),
    picklist('TlsProtocol', 'TLS Protocol', ['TLS 1.2', 'TLS 1.3'], stored),
    picklist('UserType', 'User Type', ['Standard', 'Guest'], stored),
    text('AuthMethodReference', 'Authentication Method Reference', 255, stored),
    picklist('LoginSubType', 'Login Subtype', ['OAuthClientCredentials', 'UiLoginPassword'], stored),
  ],
};

/** Recorded: it has a stamp that no query can filter by, and ChangedDate is not first in its key. */
export const activityFieldHistory: SObjectDef = {
  ...big,
  name: 'ActivityFieldHistory',
  label: 'Activity Field History',
  labelPlural: 'Activity Field History',
  keyPrefix: '0hF',
  hasKeyPrefix: false,
  bigIndex: [
    { field: 'ActivityId', direction: 'ascending' },
    { field: 'ChangedDate', direction: 'descending' },
    { field: 'ChangedById', direction: 'ascending' },
    { field: 'FieldName', direction: 'ascending' },
  ],
  fields: [
    recordId('Entity History ID'),
    ...['CreatedById', 'CreatedDate', 'LastModifiedById', 'LastModifiedDate', 'SystemModstamp'].flatMap(
      auditField,
    ),
    idOf('ActivityId', 'Task or Event ID', ['Event', 'Task'], {
      ...key,
      childRelationshipName: 'ActivityFieldHistories',
    }),
    field('datetime', 'ChangedDate', 'Changed Date', key),
    reference('ChangedById', 'User ID', ['User'], { ...key, childRelationshipName: null }),
    text('FieldName', 'Field', 255, key),
    picklist('DataType', 'Data Type', ['Text', 'DateTime', 'Double'], never),
    picklist('Operation', 'Change Operation', ['Created', 'Updated'], never),
    flag('IsDataAvailable', 'Data Available', never),
    field('datetime', 'OldValueDateTime', 'Old Date', stored),
    field('datetime', 'NewValueDateTime', 'New Date', stored),
    number('OldValueNumber', 'Old Number Val', 2, stored),
    number('NewValueNumber', 'New Number Val', 2, stored),
    text('OldValueText', 'Old String Val', 255, stored),
    text('NewValueText', 'New String Val', 255, stored),
  ],
};

function auditField(name: string): FieldDef[] {
  return audit.filter((one) => one.name === name).map((one) => ({ ...one, ...never }));
}
