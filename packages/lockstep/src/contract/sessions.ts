/** Signing in: the administrator's password, and the sessions of its browsers. */
import { z } from 'zod';
import { pageQuery } from './pages.ts';

const time = z.iso.datetime();
/** Of a password that is given, right or wrong. */
const passwordMax = 1_000;
const given = z.string().min(1).max(passwordMax);

/** Of a password that is chosen. */
export const passwordMin = 12;
export const isLongEnough = (password: string): boolean => Array.from(password).length >= passwordMin;
const chosen = z
  .string()
  .min(passwordMin)
  .max(passwordMax)
  .refine(isLongEnough, `${passwordMin} characters or more`)
  .describe('A long phrase is fine. Nothing else is required.');

export const setUpSchema = z
  .strictObject({
    token: z.string().min(1).max(100).describe('What the server has shown at its start.'),
    password: chosen,
    email: z.email().max(200).optional().describe('For notices.'),
  })
  .meta({ id: 'SetUp' });

export const signInSchema = z.strictObject({ password: given }).meta({ id: 'SignIn' });

export const linkSchema = z
  .strictObject({ secret: z.string().min(1).max(100).describe('What the demo has shown at its start.') })
  .meta({ id: 'SignInByLink' });

export const passwordChangeSchema = z
  .strictObject({ current: given, new: chosen })
  .meta({ id: 'PasswordChange' });

const session = {
  id: z.string(),
  created_at: time,
  last_seen_at: time,
  expires_at: time.describe('12 hours after the last request, and 7 days after its begin in any case.'),
  address: z.string().describe('Where it began.'),
  user_agent: z.string().describe('The browser, in short.'),
};

export const sessionSchema = z
  .object({
    ...session,
    ended_at: time.nullable().describe('Null: it lasts.'),
    ending: z
      .enum(['signed out', 'signed in again', 'ended by a person', 'expired', 'password changed'])
      .nullable()
      .describe(
        'Why it has ended. `ended by a person`: by `DELETE /sessions/…`; the audit log says by whom.',
      ),
    is_own: z.boolean().describe('It is the session of this request.'),
  })
  .meta({ id: 'Session' });
export type SessionView = z.infer<typeof sessionSchema>;

export const sessionsQuery = pageQuery.extend({
  ended: z
    .enum(['true', 'false'])
    .default('false')
    .describe('Also those that have ended in the last 30 days.'),
});

export const ownSessionSchema = z
  .object({
    ...session,
    csrf_token: z
      .string()
      .describe(
        'For the header X-Lockstep-CSRF, which each request with the cookie needs unless it is a GET.',
      ),
  })
  .meta({ id: 'OwnSession' });
