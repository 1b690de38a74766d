/** The mirror of a sync: the logins of those who read it, and queries on it. */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import {
  newReaderSchema,
  queryResultSchema,
  querySchema,
  readerOnceSchema,
  readerSchema,
  rowsMax,
} from '../contract/mirrors.ts';
import { pageOf, pageQuery } from '../contract/pages.ts';
import type { Control } from '../control/index.ts';
import { queryMirror } from '../operations/query-mirror.ts';
import { readNow } from '../operations/read-objects.ts';
import { addReader, readersOf, removeReader, tryReader } from '../operations/readers.ts';
import type { ApiInstance } from './api-instance.ts';
import { pageFrom } from './pages.ts';
import { problemAnswers } from './problems.ts';
import { dryRun, namedSync, requiredSync } from './sync-routes.ts';

const tags = ['mirrors'];

export const mirrorRoutes: FastifyPluginAsyncZod<{ control: Control }> = async (app, { control }) => {
  listRoute(app, control);
  addRoute(app, control);
  removeRoute(app, control);
  queryRoute(app, control);
};

function listRoute(app: ApiInstance, control: Control): void {
  const schema = {
    operationId: 'listReaders',
    summary: 'The logins of applications that read the mirror',
    tags,
    params: namedSync,
    querystring: pageQuery,
    response: { 200: pageOf(readerSchema), ...problemAnswers },
  };
  app.get('/syncs/:sync/readers', { schema }, async ({ params, query }) => {
    const readers = await readersOf(control, await requiredSync(control, params.sync));
    return pageFrom(readers, ({ name }) => name, query, await readNow(control.db));
  });
}

function addRoute(app: ApiInstance, control: Control): void {
  const schema = {
    operationId: 'createReader',
    summary: 'Makes a login for an application, with a password that only this answer shows',
    description:
      'To change a password without a gap, make a second reader, move the application to it, and delete the first. With dry_run the login is only tried, and answered with 200.',
    tags,
    params: namedSync,
    querystring: dryRun,
    body: newReaderSchema,
    response: { 200: readerSchema, 201: readerOnceSchema, ...problemAnswers },
  };
  app.post('/syncs/:sync/readers', { schema }, async ({ params, query, body }, reply) => {
    const sync = await requiredSync(control, params.sync);
    if (query.dry_run === 'true') return tryReader(control, sync, body.name);
    return reply.code(201).send(await addReader(control, sync, body.name));
  });
}

function removeRoute(app: ApiInstance, control: Control): void {
  const schema = {
    operationId: 'deleteReader',
    summary: 'Deletes a login and ends its sessions',
    tags,
    params: namedSync.extend({ reader: z.string().max(80) }),
    response: { 204: z.null(), ...problemAnswers },
  };
  app.delete('/syncs/:sync/readers/:reader', { schema }, async ({ params }, reply) => {
    await removeReader(control, await requiredSync(control, params.sync), params.reader);
    return reply.code(204).send(null);
  });
}

function queryRoute(app: ApiInstance, control: Control): void {
  const schema = {
    operationId: 'queryMirror',
    summary: 'Runs one query on the mirror, as a reader',
    description: 'For a look. An application connects to PostgreSQL itself, with a login of its own.',
    tags,
    params: namedSync,
    body: querySchema,
    response: { 200: queryResultSchema, ...problemAnswers },
  };
  app.post('/syncs/:sync/query', { schema, config: { changesNothing: true } }, async ({ params, body }) => {
    const sync = await requiredSync(control, params.sync);
    const { columns, rows, isCut } = await queryMirror(control, sync, body.query, rowsMax);
    return { columns: [...columns], rows: rows.map((row) => [...row]), is_cut: isCut };
  });
}
