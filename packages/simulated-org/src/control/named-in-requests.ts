import { z } from 'zod';

export const instant = z.iso
  .datetime({ offset: true })
  .transform((text) => Date.parse(text))
  .describe('An instant, such as 2026-03-01T00:00:00Z.');

export const userName = z
  .string()
  .describe('A user: integration (whom the sync signs in as), demo (the caller), or an Id.');
