import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';

/** What routes are added to: their schemas give the types of what they read and send. */
export type ApiInstance = Parameters<FastifyPluginAsyncZod>[0];
