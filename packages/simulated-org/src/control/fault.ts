import { z } from 'zod';
import { namedAnswers } from './named-answers.ts';
import { userName } from './named-in-requests.ts';

/**
 * A fault as it is armed: which requests it applies to, how often, and what happens to them. Its effects can be
 * combined: a delay with a status, corrupted rows with a wrong Date. `GET /` and docs/simulator.md show the
 * descriptions here.
 */
const count = z.int().min(0).max(1_000_000);
const ms = z
  .int()
  .min(0)
  .max(24 * 3_600_000);

const yearMs = 366 * 24 * 3_600_000;

const match = z.strictObject({
  method: z
    .string()
    .transform((text) => text.toUpperCase())
    .optional()
    .describe('GET, POST, PATCH, DELETE …'),
  path: z
    .string()
    .optional()
    .describe('The path without the query; * stands for any text: /services/data/*/sobjects/Account/*'),
  contains: z
    .string()
    .min(1)
    .optional()
    .describe('Text in the decoded path, query or body, in any case: FROM Account'),
  user: userName.optional().describe('The user of its token: integration, demo, or the Id of a user.'),
  app: z.string().optional().describe('The client id of the app that the token was issued to.'),
  client: z
    .string()
    .optional()
    .describe(
      'The name that the client gives itself in Sforce-Call-Options: lockstep/poll, lockstep/read-back …',
    ),
  inside: z
    .enum(['no', 'too', 'only'])
    .default('no')
    .describe('Whether subrequests of composites and batches match: no, they do too, or only they do.'),
});
export type Match = z.output<typeof match>;

/** Other headers Node would refuse to send. */
const headerName = z.string().regex(/^[\w!#$%&'*+.^`|~-]+$/);
const headerValue = z.string().regex(/^[\t\x20-\x7e\x80-\xff]*$/);

const respond = z.strictObject({
  status: z.int().min(200).max(599).describe('The status.'),
  headers: z.record(headerName, headerValue).default({}).describe('In addition to those of every answer.'),
  body: z
    .unknown()
    .optional()
    .describe('A text, which is text/plain unless the headers say otherwise, or JSON.'),
});

const rows = z
  .strictObject({
    duplicate: count.optional().describe('The first n rows are repeated.'),
    dropLast: count.optional().describe('The last n rows are missing, although done and totalSize stay.'),
    shuffle: z.boolean().optional().describe('The rows come in another order.'),
    nullRecord: z.boolean().optional().describe('A null is inserted among the rows.'),
    extra: z.record(z.string(), z.unknown()).optional().describe('Fields that were not requested.'),
    wrongType: z.array(z.string()).optional().describe('Fields whose value is wrapped in a list.'),
    replace: z.record(z.string(), z.unknown()).optional().describe('Fields with another value.'),
    notDone: z.boolean().optional().describe('done is false, with a nextRecordsUrl that leads nowhere.'),
  })
  .describe('Corrupts the records of a page, the results of a list, or a single object.');
export type RowCorruption = z.output<typeof rows>;

const truncate = z.strictObject({
  bytes: count.describe('Counted in the body as it is sent, compressed or not.'),
  end: z
    .enum(['reset', 'close', 'complete'])
    .default('reset')
    .describe(
      'reset or close: the connection ends before the Content-Length is reached; complete: the answer ends normally, with a shorter body.',
    ),
});

const moment = z.enum(['before', 'after']);

const effect = z
  .strictObject({
    delayMs: ms.optional().describe('Before the request is handled, in real milliseconds.'),
    delayAnswerMs: ms.optional().describe('The work is done; the answer waits.'),
    hang: moment
      .optional()
      .describe('Hangs before or after the work until POST /faults/release or /faults/delete, or for ever.'),
    reset: moment
      .optional()
      .describe('The connection is reset before the work, or after its commit, so that the answer is lost.'),
    answer: z.enum(namedAnswers).optional().describe('A Salesforce refusal, by name, instead of the answer.'),
    name: z.string().optional().describe('The field or sobject that INVALID_FIELD or INVALID_TYPE is about.'),
    retryAfterSeconds: count.optional().describe('For TOO_MANY_REQUESTS.'),
    respond: respond.optional().describe('Any answer instead of the real one.'),
    redirectTo: headerValue.pipe(z.url()).optional().describe('302 to this URL.'),
    isHandled: z.boolean().optional().describe('With answer, respond or redirectTo: the work is still done.'),
    rows: rows.optional(),
    readFrom: z.string().optional().describe('The id of the snapshot that the request reads.'),
    emptyBody: z.boolean().optional().describe('Status and headers stay, the body is empty.'),
    headers: z
      .record(headerName, headerValue.nullable())
      .optional()
      .describe('Replace the real ones; null leaves a header out.'),
    dateOffsetMs: z
      .int()
      .min(-yearMs)
      .max(yearMs)
      .optional()
      .describe("How far the Date is ahead of the org's time, or behind it if negative."),
    limitInfo: z
      .enum(['absent', 'garbage', 'shrinking'])
      .optional()
      .describe('Sforce-Limit-Info: left out, unreadable, or with a maximum that shrinks with each answer.'),
    truncate: truncate.optional().describe('Only the first bytes of the body are sent.'),
    bytesPerSecond: z.int().min(1).max(100_000_000).optional().describe('How fast the body is sent.'),
  })
  .refine(({ isHandled: _, ...effects }) => Object.keys(effects).length > 0, 'needs at least one effect');
export type Effect = z.output<typeof effect>;

/** Effects on the connection or headers of a whole answer, which a subrequest does not have. */
const wholeOnly = [
  'reset',
  'emptyBody',
  'headers',
  'dateOffsetMs',
  'limitInfo',
  'truncate',
  'bytesPerSecond',
] as const;

export const fault = z
  .strictObject({
    match: match.default({ inside: 'no' }).describe('Which requests it applies to; {} is all of them.'),
    after: count.default(0).describe('How many matching requests pass first.'),
    times: z.int().min(1).nullable().default(1).describe('How often it fires; null: until it is deleted.'),
    share: z
      .number()
      .min(0)
      .max(1)
      .default(1)
      .describe('The fraction of the matching requests that it affects.'),
    seed: z.int().min(0).default(1).describe('For the random choice of these requests.'),
    effect: effect.describe('What happens to them; effects can be combined.'),
  })
  .superRefine(({ match: { inside, app }, effect: given }, context) => {
    const wrong = wholeOnly.filter((name) => given[name] !== undefined);
    if (inside !== 'no' && wrong.length > 0)
      context.addIssue(`effect ${wrong.join(', ')}: for whole requests, so match.inside must be no`);
    if (inside !== 'no' && app !== undefined)
      context.addIssue('match.app: for whole requests, so match.inside must be no');
    if (['INVALID_FIELD', 'INVALID_TYPE'].includes(given.answer ?? '') && given.name === undefined)
      context.addIssue(`effect.name: say what ${given.answer} is about`);
  });
export type Fault = z.output<typeof fault>;
