/** The way of a browser to Salesforce and back (RFC 6749, 4.1). Not part of the described API: only browsers come here. */
import { systemClock } from '@lockstep/foundation/clock';
import type { FastifyReply } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { Fault } from '../core/faults.ts';
import { backFromSalesforce, toSalesforce } from '../operations/web-sign-in.ts';
import { ownOrigin } from './own-origin.ts';
import type { SyncRouteDeps } from './sync-routes.ts';

/** Lax, because Salesforce's page leads back here. */
const cookieName = 'lockstep-oauth';
const cookieAttributes = 'Path=/oauth; HttpOnly; SameSite=Lax';
const cookieLastsSeconds = 600;

const text = z.string().max(4_000);

export const oauthRoutes: FastifyPluginAsyncZod<SyncRouteDeps> = async (app, deps) => {
  const signInDeps = { ...deps, clock: systemClock };
  const config = { isPublic: true, isNavigation: true };

  const start = { hide: true, querystring: z.object({ ticket: text.default('') }) };
  app.get('/oauth/start', { schema: start, config }, async (request, reply) => {
    try {
      const { location, browser } = await toSalesforce(signInDeps, request.query.ticket);
      const secure = ownOrigin(request, deps.trustedProxies).startsWith('https:') ? '; Secure' : '';
      const lasts = `Max-Age=${cookieLastsSeconds}`;
      reply.header('Set-Cookie', `${cookieName}=${browser}; ${cookieAttributes}; ${lasts}${secure}`);
      return await reply.redirect(location, 303);
    } catch (error) {
      return showFault(reply, error);
    }
  });

  const callback = {
    hide: true,
    querystring: z.object({ state: text.default(''), code: text.optional(), error: text.optional() }),
  };
  app.get('/oauth/callback', { schema: callback, config }, async (request, reply) => {
    const browser = cookieOf(request.headers.cookie);
    reply.header('Set-Cookie', `${cookieName}=; ${cookieAttributes}; Max-Age=0`);
    try {
      await backFromSalesforce(signInDeps, { ...request.query, browser });
      return showPage(reply, 200, 'Signed in', ['Lockstep has the sign-in. You can close this window.']);
    } catch (error) {
      return showFault(reply, error);
    }
  });
};

const cookieOf = (header = ''): string =>
  header
    .split(';')
    .map((pair) => pair.trim())
    .find((pair) => pair.startsWith(`${cookieName}=`))
    ?.slice(cookieName.length + 1) ?? '';

function showFault(reply: FastifyReply, error: unknown): FastifyReply {
  if (!(error instanceof Fault)) throw error;
  return showPage(reply, 400, 'The sign-in failed', [`${error.code}: ${error.message}`, error.next]);
}

function showPage(
  reply: FastifyReply,
  status: number,
  title: string,
  paragraphs: readonly string[],
): FastifyReply {
  const html = [
    '<!doctype html><html lang="en"><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width">',
    `<title>${escaped(title)}</title><h1>${escaped(title)}</h1>`,
    ...paragraphs.map((paragraph) => `<p>${escaped(paragraph)}</p>`),
    '</html>',
  ];
  return reply
    .code(status)
    .type('text/html; charset=utf-8')
    .header('Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'; base-uri 'none'")
    .header('Referrer-Policy', 'no-referrer')
    .send(html.join('\n'));
}

const escaped = (given: string): string =>
  given.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
