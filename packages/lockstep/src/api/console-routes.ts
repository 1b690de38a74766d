/**
 * The console: a folder of built pages, scripts and styles, which hold no secret and so need no session. Not part of the
 * described API.
 */
import { stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { Fault } from '../core/faults.ts';

export interface ConsoleDeps {
  /** An absolute path, with `index.html` and a folder `assets` whose names have hashes. Null: there is none. */
  consoleFolder: string | null;
}

/** What is below these is no page, whether or not there is such a route. */
const notPages = ['/api', '/oauth'];

/**
 * The way to Salesforce and back is a navigation of a window, which none of these rules limits; a form is only ever
 * read by a script. The window that it opens stays known to its opener, which so sees that it was closed.
 */
const pageHeaders = {
  'Content-Security-Policy':
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin-allow-popups',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy':
    'camera=(), geolocation=(), microphone=(), payment=(), usb=(), clipboard-write=(self)',
  Vary: 'Accept',
};

const notBuilt = [
  'The console is not built.',
  '',
  'In a clone of the repository:',
  '  npm run console:build',
  'Then start Lockstep again. npm start and npm run demo build it by themselves.',
  '',
  'The management API runs without it: see docs/api.md.',
  '',
].join('\n');

export const consoleRoutes: FastifyPluginAsync<ConsoleDeps> = async (app, { consoleFolder: folder }) => {
  // Files whose compressed form stands beside them are sent in that form.
  if (folder !== null)
    await app.register(fastifyStatic, {
      root: folder,
      serve: false,
      preCompressed: true,
      cacheControl: false,
    });
  for (const path of notPages) {
    for (const below of [path, `${path}/*`])
      app.get(below, { schema: { hide: true } }, () => {
        throw new Fault('API-05');
      });
  }
  // A link in a chat or a mail leads here from another site, so only the host is checked.
  const config = { isPublic: true, isNavigation: true };
  app.get<{ Params: { '*': string } }>('/*', { schema: { hide: true }, config }, async (request, reply) => {
    const path = request.params['*'];
    if (folder === null) {
      if (!isPage(request, path)) throw new Fault('API-05');
      return reply.code(404).headers(pageHeaders).type('text/plain; charset=utf-8').send(notBuilt);
    }
    if (path !== '' && (await isFile(folder, path))) return sendFile(reply, path);
    if (isPage(request, path)) return sendFile(reply, 'index.html');
    throw new Fault('API-05');
  });
};

/** Names with a hash mean the same content for ever; of anything else a browser asks whether it has changed. */
const sendFile = (reply: FastifyReply, path: string): FastifyReply =>
  reply
    .headers(pageHeaders)
    .header('Cache-Control', path.startsWith('assets/') ? 'public, max-age=31536000, immutable' : 'no-cache')
    .sendFile(path);

/** A place in the console, which its script shows; a missing file is not one. */
function isPage({ headers }: FastifyRequest, path: string): boolean {
  if (path === '') return true;
  const isPlace = !path.startsWith('assets/') && !partsOf(path).includes('..');
  return isPlace && (headers.accept ?? '').includes('text/html');
}

async function isFile(folder: string, path: string): Promise<boolean> {
  const full = join(folder, path);
  if (!full.startsWith(`${folder}${sep}`) || partsOf(path).some((part) => part.startsWith('.'))) return false;
  const found = await stat(full).catch(() => null); // a name that cannot be a path is no file either
  return found?.isFile() === true;
}

/** As Windows splits them, too. */
const partsOf = (path: string): string[] => path.split(/[\\/]/);
