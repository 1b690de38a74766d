import { OrgError, refused } from '../http/errors.ts';
import type { SObjectDef } from '../schema/schema.ts';

/** How the org refuses a job. No recorded answer confirms these codes and texts. */
export const invalidJob = (message: string) => refused('INVALIDJOB', message);

export const wrongState = (message: string) => refused('INVALIDJOBSTATE', message);

export const entityUnsupported = (name: string) =>
  refused('INVALIDENTITY', `Entity '${name}' is not supported by the Bulk API.`);

/** Queries that the Bulk API refuses. The texts about compound data, blobs and children were seen in real orgs. */
export const queryUnsupported = (message: string) => refused('API_ERROR', message);

export const otherVersion = (version: string) =>
  new OrgError(
    409,
    'API_VERSION_MISMATCH',
    `The job was created with API version ${version}; use the same version to get its results.`,
  );

/** Fails the job itself, with this as its error message. */
export class JobFailure extends Error {
  override readonly name = 'JobFailure';
}

export const hardDeleteDenied = () =>
  refused(
    'FEATURENOTENABLED',
    'hardDelete operation requires special user profile permission, please contact your system administrator',
  );

export const invalidBatch = (message: string) => new JobFailure(`InvalidBatch : ${message}`);

/** Sobjects that real orgs have but the Bulk API does not support. */
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

export const hasBulk = (name: string, def: SObjectDef | undefined): boolean =>
  def?.bulk !== false && !withoutBulk.has(name.toLowerCase());
