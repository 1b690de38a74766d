/** The audit log. */
import { z } from 'zod';
import { asOf } from './pages.ts';

const settings = z.record(z.string(), z.unknown()).nullable();

export const auditEntrySchema = z
  .object({
    id: z.string(),
    at: z.iso.datetime(),
    who: z
      .string()
      .describe(
        '`administrator`, `key NAME`, `this machine` for its own commands, `nobody` before signing in.',
      ),
    address: z.string().nullable().describe('Null: a command that opened the control database.'),
    operation: z.string().describe('The operationId of this document.'),
    sync: z.object({ id: z.string(), name: z.string() }).nullable(),
    thing: z.string().nullable().describe('What else it concerns, such as the name of a key.'),
    before: settings.describe('Settings as they were.'),
    after: settings.describe('Settings as they are then, or what was asked for. Never a secret.'),
    refusal: z.string().nullable().describe('The code with which it was refused; null: it was done.'),
    request_id: z.string().nullable(),
  })
  .meta({ id: 'AuditEntry' });
export type AuditEntryView = z.infer<typeof auditEntrySchema>;

export const auditQuery = z.object({
  sync: z.string().min(1).max(80).optional().describe('Its name or its id; also of one that is deleted.'),
  who: z.string().min(1).max(100).optional(),
  since: z.iso.datetime({ offset: true }).optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
  after: z
    .string()
    .regex(/^\d{1,15}$/)
    .optional()
    .describe('`next` of the page before.'),
});

export const auditPageSchema = z.object({
  items: z.array(auditEntrySchema),
  next: z.string().nullable().describe('For the next page; null: this was the last one.'),
  as_of: asOf,
});
