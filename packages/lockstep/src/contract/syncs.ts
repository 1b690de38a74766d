/** The forms of a sync and its objects in requests and answers. */
import { z } from 'zod';
import { unfitPattern } from '../core/field-choice.ts';
import { givenName } from '../core/given-names.ts';
import { isSyncId } from '../core/ids.ts';
import { families, objectStateNames, syncStateNames } from '../core/states.ts';
import { loginUrlSchema, newCredentialSchema } from './credentials.ts';
import { newDestinationSchema } from './destinations.ts';
import { freshness, freshnessNote, recommendedObjects } from './org-objects.ts';
import { asOf } from './pages.ts';

const time = z.iso.datetime();
const fault = z.object({ code: z.string(), says: z.string(), next: z.string() });

const finding = z.object({
  sobject: z.string(),
  severity: z.string(),
  is_healthy: z.boolean().describe('True: it is only reported.'),
  says: z.string(),
  reason: z.string(),
  next: z.string(),
});

const objectNames = z
  .array(z.string().min(1).max(100))
  .min(1)
  .max(1_000)
  .describe('API names, in any letter case.');

const settings = {
  paused: z
    .boolean()
    .describe('A paused sync reads nothing; its mirror stays as it is, and the proxy keeps working.'),
  interval_ms: z
    .int()
    .min(200)
    .max(300_000)
    .describe('Time between two requests that the sync starts by itself.'),
  stop_at_percent: z
    .int()
    .min(10)
    .max(100)
    .describe("The sync waits once all programs together have used this share of the org's daily requests."),
  on_database_down: z
    .enum(['refuse', 'forward'])
    .describe("What the proxy does with writes while the mirror's database does not answer."),
  foreign_keys: z
    .boolean()
    .describe('Whether the tables have foreign keys that refuse no row (PostgreSQL 18).'),
  fields_left_out: z
    .array(
      z.string().check((given) => {
        const reason = unfitPattern(given.value);
        if (reason !== null) given.issues.push({ code: 'custom', message: reason, input: given.value });
      }),
    )
    .max(500)
    .describe(
      'Fields that are not mirrored, as OBJECT.FIELD with * for any characters: Account.Description, *.Secret__c. A column that is there keeps its last values; a field taken in later is filled by reading all records again.',
    ),
};

const apiVersion = z.string().regex(/^(newest|\d{2,3}\.0)$/, 'a version such as 63.0, or newest');

/** Members that are not given stay as they are. */
export const syncChangeSchema = z.strictObject(settings).partial().meta({ id: 'SyncChange' });

export const syncSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    org_id: z.string(),
    login_url: z.string(),
    flow: z.enum(['client credentials', 'jwt bearer', 'refresh token']).describe('How it signs in.'),
    instance_url: z.string(),
    api_version: z.string(),
    api_version_ends: z
      .string()
      .nullable()
      .describe('When Salesforce stops serving it, if that is less than a year away.'),
    base_url: z.string().nullable().describe('In place of the instance URL, for clients of the proxy.'),
    objects: z.array(z.string()),
    leaving: z
      .array(z.string())
      .describe('Objects that were removed, until the sync has let their tables go.'),
    ...settings,
    mirror: z
      .object({
        url: z.string().describe('Without a login: each application has one of its own, see readers.'),
        table_schema: z.string(),
        kind: z.enum(['private', 'own']).describe('own: a database that a person owns.'),
        tunnel: z
          .string()
          .nullable()
          .describe('The SSH server through which Lockstep reaches it, as user@host:port.'),
      })
      .describe('Where the tables are.'),
    state: z.enum(syncStateNames),
    state_word: z.string().describe('The state in words.'),
    family: z.enum(families).describe('Of the state: whether it is well, busy, waits, or needs somebody.'),
    headline: z.string().describe('The state as a sentence or two, without the last full stop.'),
    details: z.array(z.string()).describe('What belongs below the headline, such as the next step.'),
    findings: z.array(finding).describe('What is wrong with its objects, worst first.'),
    behind_seconds: z
      .int()
      .nullable()
      .describe('Of the object that was read longest ago. A stream of events does not tell that it grows.'),
    quota_percent: z
      .number()
      .nullable()
      .describe(
        "Of the org's daily requests, used by all programs. Null: Salesforce has not told it for a day.",
      ),
    has_worker: z.boolean(),
    fault: fault.extend({ since: time.nullable(), retry_at: time.nullable() }).nullable(),
    mirror_fault: fault.nullable().describe('Why the state of the objects cannot be read.'),
  })
  .meta({ id: 'Sync' });

export type SyncView = z.infer<typeof syncSchema>;

export const objectSchema = z
  .object({
    sobject: z.string(),
    table_name: z.string(),
    state: z.enum(objectStateNames),
    state_word: z.string().describe('The state in words.'),
    family: z.enum(families).describe('Of the state, as of a sync.'),
    behind_seconds: z
      .int()
      .nullable()
      .describe(
        'The age of `read_until` now. Null: it is not copied yet, or has no field that tells. A stream of events does not tell that it grows.',
      ),
    target_seconds: z.int().describe('The object is behind if that is more.'),
    backfill: z
      .object({
        rows_per_minute: z.int().nullable().describe('Over about ten minutes.'),
        seconds_left: z.int().nullable(),
        time_left: z
          .string()
          .describe('In words; without a figure: `Measuring`, `Counting` or why it waits.'),
      })
      .nullable()
      .describe('How fast it is copied. Null: it is not, now.'),
    rows: z.int(),
    rows_expected: z.int().nullable(),
    backfill_percent: z.int(),
    backfill_by: z
      .enum(['bulk', 'pages'])
      .nullable()
      .describe('How its backfill reads: by jobs of Bulk API 2.0, or by pages of a query.'),
    backfill_reason: z.string().nullable().describe('Why it reads by pages although Bulk was tried.'),
    read_until: time
      .nullable()
      .describe('Every change from before then is in the mirror, apart from late ones.'),
    settled_until: time.nullable().describe('No change from before then can still arrive.'),
    counts_verified_at: time.nullable(),
    stamps_verified_at: time.nullable(),
    content_verified_at: time.nullable(),
    missing_rows: z.int(),
    set_aside_rows: z.int(),
    stopped: fault.nullable(),
    problems: z.array(
      fault.extend({ kind: z.string(), since: time.nullable(), tries: z.int(), retry_at: time.nullable() }),
    ),
    hidden_fields: z.array(
      z.object({
        field: z.string(),
        column_name: z.string(),
        since: time.nullable(),
        is_filling: z
          .boolean()
          .describe('It is visible, and complete once all records have been read again.'),
      }),
    ),
    fields_without_value: z
      .array(
        z.object({
          field: z.string(),
          type: z.string().describe('As Salesforce names it.'),
          column_name: z.string().nullable().describe('Null: it has none.'),
          note: z
            .string()
            .describe('Why the mirror does not have its values, as the predicate of a sentence about it.'),
        }),
      )
      .describe('Compound, encrypted and binary fields.'),
  })
  .meta({ id: 'SyncObject' });

export type ObjectView = z.infer<typeof objectSchema>;

export const snapshotSchema = z
  .object({
    sync: syncSchema,
    objects: z.array(objectSchema).describe('None while the mirror cannot be read: see `mirror_fault`.'),
    as_of: asOf,
  })
  .meta({ id: 'Snapshot' });

export const deletionSchema = z
  .object({ erases: z.array(z.string()), keeps: z.array(z.string()) })
  .meta({ id: 'Deletion' });

export const newSyncSchema = z
  .strictObject({
    name: z
      .string()
      .regex(givenName, 'up to 60 letters, digits, spaces and . _ -, the first a letter or digit')
      .refine((name) => !isSyncId(name), 'a name cannot have the form of an id'),
    login_url: loginUrlSchema.optional().describe('May be left out with a sign-in.'),
    credential: newCredentialSchema,
    objects: objectNames
      .optional()
      .describe(
        `API names, in any letter case. Without it, those of ${recommendedObjects.join(', ')} that the user can read.`,
      ),
    ...syncChangeSchema.shape,
    interval_ms: settings.interval_ms.default(3_000),
    fields_left_out: settings.fields_left_out.default([]),
    api_version: apiVersion
      .default('newest')
      .describe("Of Salesforce's API, such as 63.0; newest: the newest that both know."),
    destination: newDestinationSchema.optional().describe('Without it the sync gets a private database.'),
  })
  .meta({ id: 'NewSync' });

const plannedObjects = z.array(
  z.object({
    sobject: z.string(),
    label: z.string(),
    table_name: z.string(),
    columns: z.int(),
    freshness,
    note: freshnessNote,
  }),
);

/** What a dry run has found. */
export const checkedSyncSchema = z
  .object({
    org_id: z.string(),
    instance_url: z.string(),
    objects: plannedObjects,
    skipped: z
      .array(z.object({ object: z.string(), reason: z.string() }))
      .describe('If no objects were named: those that are usual and cannot be taken.'),
  })
  .meta({ id: 'CheckedSync' });

export const addObjectsSchema = z.strictObject({ objects: objectNames }).meta({ id: 'AddObjects' });

export const addedObjectsSchema = z
  .object({ objects: plannedObjects.describe('Those that were not there before.') })
  .meta({ id: 'AddedObjects' });

/** What a dry run has found. */
export const removalSchema = z
  .object({
    object: z.string(),
    drops_table: z.boolean(),
    dependents: z
      .array(z.string())
      .describe(
        'What somebody has made that needs the table and keeps it from being dropped: a view, for example.',
      ),
  })
  .meta({ id: 'Removal' });

export const usageSchema = z
  .object({
    requests: z.array(z.object({ purpose: z.string(), last_hour: z.int(), last_day: z.int() })),
    queries: z.array(z.object({ sobject: z.string(), kind: z.string(), queries: z.int(), rows: z.int() })),
    shares: z
      .object({
        objects: z
          .array(z.object({ sobject: z.string(), requests: z.number() }))
          .describe(
            'The busiest first. Queries of several objects share a request, so it may have a fraction.',
          ),
        proxied: z.int().describe('Of programs, through the proxy.'),
        other: z
          .number()
          .describe('For no single object: signing in, descriptions, counts, and what failed.'),
        total: z.int(),
        other_programs: z
          .int()
          .nullable()
          .describe(
            "About: the org's requests less these. Salesforce reports them with delay; null: it has not yet.",
          ),
      })
      .describe('What the requests of this hour and the 23 before it were for.'),
    org: z
      .object({ used: z.int(), max: z.int(), percent: z.number(), recorded_at: time.nullable() })
      .nullable()
      .describe(
        "The org's requests of 24 hours, by all programs together; null: Salesforce has not said yet.",
      ),
    stop_at_percent: z.int(),
    as_of: asOf,
  })
  .meta({ id: 'Usage' });
export type Usage = z.infer<typeof usageSchema>;

const setAside = {
  sobject: z.string(),
  column_name: z.string().nullable(),
  code: z.string(),
  reason: z.string(),
};

export const setAsideSchema = z
  .object({
    rows: z.int(),
    groups: z.array(z.object({ ...setAside, rows: z.int() })),
    items: z
      .array(
        z.object({
          ...setAside,
          id: z.string(),
          first_seen_at: time.nullable(),
          last_seen_at: time.nullable(),
          tries: z.int(),
          retry_at: time.nullable(),
        }),
      )
      .describe('The first of them, those tried longest ago first.'),
    as_of: asOf,
  })
  .meta({ id: 'SetAside' });
export type SetAside = z.infer<typeof setAsideSchema>;

export const retrySchema = z
  .strictObject({ objects: z.array(z.string().min(1).max(100)).min(1).max(1_000).optional() })
  .meta({ id: 'RetrySetAside' });

export const retriedSchema = z
  .object({
    items: z.array(
      z.object({
        sobject: z.string(),
        rows: z.int(),
        of: z.int().describe('If more: repeat the request for the rest.'),
        operation_id: z.string(),
      }),
    ),
  })
  .meta({ id: 'RetriedSetAside' });

export const checkSchema = z
  .object({
    is_healthy: z.boolean(),
    reasons: z.array(z.string()).describe('Why it is not.'),
    notes: z.array(z.string()).describe('What is only reported.'),
  })
  .meta({ id: 'Check' });

export const apiVersionsSchema = z
  .object({
    current: z.string(),
    newest: z.string().describe('That both know.'),
    common: z
      .array(z.object({ version: z.string(), label: z.string() }))
      .describe('All that both know, newest first.'),
  })
  .meta({ id: 'ApiVersions' });

export const wantedVersionSchema = z
  .strictObject({ api_version: apiVersion })
  .meta({ id: 'WantedApiVersion' });
