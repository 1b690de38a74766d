import { z } from 'zod';
import { namedAnswers } from './named-answers.ts';
import { userName } from './named-in-requests.ts';

/**
 * A fault as a person arms it: which requests it meets, how often, and what happens to them. Its parts combine: a
 * delay with a status, a torn page with a wrong Date. The descriptions here are what `GET /` and docs/simulator.md
 * say.
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
    .describe('Text of the decoded path, query or body, in any case: FROM Account'),
  user: userName.optional().describe('Whose token it carries: integration, demo, or the Id of a user.'),
  app: z.string().optional().describe('The client id of the app that the token was given to.'),
  client: z
    .string()
    .optional()
    .describe('What it calls itself in Sforce-Call-Options: lockstep/poll, lockstep/read-back …'),
  inside: z
    .enum(['no', 'too', 'only'])
    .default('no')
    .describe('Whether subrequests of composites and batches are met: no, too, or only they.'),
});
export type Match = z.output<typeof match>;

/** What Node would refuse to send. */
const headerName = z.string().regex(/^[\w!#$%&'*+.^`|~-]+$/);
const headerValue = z.string().regex(/^[\t\x20-\x7e\x80-\xff]*$/);

const respond = z.strictObject({
  status: z.int().min(200).max(599).describe('The status.'),
  headers: z.record(headerName, headerValue).default({}).describe('Besides those of every answer.'),
  body: z
    .unknown()
    .optional()
    .describe('A text, which is text/plain unless the headers say otherwise, or JSON.'),
});

const rows = z
  .strictObject({
    duplicate: count.optional().describe('The first n rows come twice.'),
    dropLast: count.optional().describe('The last n rows are missing, though done and totalSize stay.'),
    shuffle: z.boolean().optional().describe('The rows come in another order.'),
    nullRecord: z.boolean().optional().describe('A null stands among the rows.'),
    extra: z.record(z.string(), z.unknown()).optional().describe('Fields that nobody asked for.'),
    wrongType: z.array(z.string()).optional().describe('Fields whose value comes as a list of itself.'),
    replace: z.record(z.string(), z.unknown()).optional().describe('Fields with another value.'),
    notDone: z.boolean().optional().describe('done is false, with a nextRecordsUrl that leads nowhere.'),
  })
  .describe('Tears the records of a page, the results of a list, or a single object.');
export type RowTear = z.output<typeof rows>;

const truncate = z.strictObject({
  bytes: count.describe('Of the body as it is sent, compressed or not.'),
  end: z
    .enum(['reset', 'close', 'complete'])
    .default('reset')
    .describe(
      'reset or close: the connection ends below the Content-Length; complete: a whole answer, cut short.',
    ),
});

const moment = z.enum(['before', 'after']);

const effect = z
  .strictObject({
    delayMs: ms.optional().describe('Before the request is handled, in real milliseconds.'),
    delayAnswerMs: ms.optional().describe('The work is done; the answer waits.'),
    hang: moment
      .optional()
      .describe('Waits before or after the work until POST /faults/release or /faults/delete, or for ever.'),
    reset: moment
      .optional()
      .describe('The connection is reset before the work, or after it is committed: a lost answer.'),
    answer: z
      .enum(namedAnswers)
      .optional()
      .describe("Salesforce's own words, by name, in place of the answer."),
    name: z.string().optional().describe('The field or sobject that INVALID_FIELD or INVALID_TYPE is about.'),
    retryAfterSeconds: count.optional().describe('Of TOO_MANY_REQUESTS.'),
    respond: respond.optional().describe('Any answer in place of the real one.'),
    redirectTo: headerValue.pipe(z.url()).optional().describe('302 to this address.'),
    isHandled: z
      .boolean()
      .optional()
      .describe('With answer, respond or redirectTo: the work is done all the same.'),
    rows: rows.optional(),
    readFrom: z.string().optional().describe('The id of a snapshot, from which the request reads.'),
    emptyBody: z.boolean().optional().describe('Status and headers stay, the body is empty.'),
    headers: z
      .record(headerName, headerValue.nullable())
      .optional()
      .describe('Set over the real ones; null leaves a header out.'),
    dateOffsetMs: z
      .int()
      .min(-yearMs)
      .max(yearMs)
      .optional()
      .describe("The Date is so far from the org's time: ahead of it, or behind it where negative."),
    limitInfo: z
      .enum(['absent', 'garbage', 'shrinking'])
      .optional()
      .describe('Sforce-Limit-Info: left out, unreadable, or with a maximum that falls with each answer.'),
    truncate: truncate.optional().describe('Only the first bytes of the body are sent.'),
    bytesPerSecond: z.int().min(1).max(100_000_000).optional().describe('How slowly the body trickles.'),
  })
  .refine(({ isHandled: _, ...effects }) => Object.keys(effects).length > 0, 'needs at least one effect');
export type Effect = z.output<typeof effect>;

/** What touches the connection or the headers of a whole answer, which a subrequest does not have. */
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
    match: match.default({ inside: 'no' }).describe('Which requests it meets; {} is all of them.'),
    after: count.default(0).describe('Lets so many matching requests pass first.'),
    times: z.int().min(1).nullable().default(1).describe('How often it fires; null: until it is deleted.'),
    share: z.number().min(0).max(1).default(1).describe('The part of the matching requests that it meets.'),
    seed: z.int().min(0).default(1).describe('Of the dice that choose them.'),
    effect: effect.describe('What happens to them; several parts together.'),
  })
  .superRefine(({ match: { inside, app }, effect: given }, context) => {
    const wrong = wholeOnly.filter((name) => given[name] !== undefined);
    if (inside !== 'no' && wrong.length > 0)
      context.addIssue(`effect ${wrong.join(', ')}: for whole requests, so match.inside has to be no`);
    if (inside !== 'no' && app !== undefined)
      context.addIssue('match.app: for whole requests, so match.inside has to be no');
    if (['INVALID_FIELD', 'INVALID_TYPE'].includes(given.answer ?? '') && given.name === undefined)
      context.addIssue(`effect.name: say what ${given.answer} is about`);
  });
export type Fault = z.output<typeof fault>;
