/** Reading the audit log. */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { auditPageSchema, auditQuery } from '../contract/audit.ts';
import { type Control, readAudit } from '../control/index.ts';
import { auditView } from '../operations/audit-view.ts';
import { cutPage } from '../operations/cut-page.ts';
import { readNow } from '../operations/read-objects.ts';
import { problemAnswers } from './problems.ts';

export const auditRoutes: FastifyPluginAsyncZod<{ control: Control }> = async (app, { control }) => {
  const schema = {
    operationId: 'listAuditEntries',
    summary: 'Who has changed what in the last 30 days, the newest first',
    description: 'Each change by this API or by a command on the server, and each refused sign-in.',
    tags: ['audit'],
    querystring: auditQuery,
    response: { 200: auditPageSchema, ...problemAnswers },
  };
  app.get('/audit', { schema }, async ({ query: { limit, after, sync, who, since } }) => {
    const found = await readAudit(control, {
      limit: limit + 1,
      ...(sync !== undefined && { sync }),
      ...(who !== undefined && { who }),
      ...(since !== undefined && { since }),
      ...(after !== undefined && { before: Number(after) }),
    });
    return cutPage(found.map(auditView), limit, ({ id }) => id, await readNow(control.db));
  });
};
