/** `admin setup-token` and `reset-password`: for whoever can open the control database, because they run the server. */
import { isLongEnough, passwordMin } from '../../contract/sessions.ts';
import { makeSetupToken, resetPassword } from '../../control/index.ts';
import { Fault } from '../../core/faults.ts';
import { inRfc3339 } from '../../core/plain-words.ts';
import { usageError } from '../../core/request-error.ts';
import { forgetSetupToken, recordOwn, setupUrl } from '../../operations/first-administrator.ts';
import { readRunFile } from '../../operations/run-file.ts';
import type { Command } from '../arguments.ts';
import { withControl } from '../control-access.ts';
import { secretOf } from '../terminal/secret.ts';

export const adminSetupToken: Command = {
  async run(_, { config, output }) {
    const made = await withControl(config, async (control) => {
      const token = await makeSetupToken(control);
      if (!token) throw new Fault('API-12');
      await recordOwn(control, 'makeSetupToken');
      return token;
    });
    await forgetSetupToken(config.dataDir);
    const running = await readRunFile(config.dataDir);
    const url = setupUrl(running?.apiUrl ?? `http://localhost:${config.apiPort}`, made.token);
    if (output.wantsJson)
      output.object({ schema: 1, url, token: made.token, expires_at: inRfc3339(made.expiresAt) });
    else output.data(`Open ${url}`);
    output.say('It is valid for 24 hours, once, and until the server starts again.');
  },
};

const help = 'lockstep help admin reset-password';

export const adminResetPassword: Command = {
  flags: {
    'password-file': {
      value: 'FILE',
      description: 'A file with the new password; - for standard input. Without it you are asked.',
    },
  },
  async run(args, { config, output }) {
    const password = await newPassword(args.text('password-file'));
    await withControl(config, async (control) => {
      await resetPassword(control, password);
      await recordOwn(control, 'resetPassword');
    });
    await forgetSetupToken(config.dataDir);
    if (output.wantsJson) output.object({ schema: 1, reset: true });
    else output.say('The password is set. Every session has ended: sign in with the new one.');
  },
};

/** What is typed unseen is typed twice. */
async function newPassword(file: string | undefined): Promise<string> {
  const ask = (question: string) => secretOf({ file, question, flag: 'password-file', help });
  const password = await ask(`New password (${passwordMin} characters or more): `);
  if (!isLongEnough(password)) throw usageError(`A password has ${passwordMin} characters or more`, help);
  if (file === undefined && (await ask('The same again: ')) !== password)
    throw usageError('The two are not the same; nothing was changed', help);
  return password;
}
