import { unreachable } from '@lockstep/foundation/assert';
import { withTls } from '@lockstep/foundation/database-tls';
import type { Transporter } from 'nodemailer';
import type { Job } from 'pg-boss';
import { Fault } from '../core/faults.ts';
import { listenOn } from './changes.ts';
import { type Control, errorCode } from './database.ts';
import { backfillComplete, backfillCompleteMail, type Mail } from './mail-text.ts';
import type { EventBodies } from './notifications.ts';
import {
  closeWaitingNotifications,
  markNotificationSent,
  notificationChannel,
  selectWaitingNotification,
  selectWaitingNotifications,
} from './sql.ts';

/**
 * Sends the e-mails in the outbox. Each waiting row becomes one job; the job engine allows at most one job per row,
 * however many processes send mail. The job sends the e-mail and marks the row. An e-mail is sent twice only if a
 * process dies between the mail server's acceptance and the mark, and then under the same Message-ID.
 */
export interface MailOptions {
  smtpUrl?: string | undefined;
  from?: string | undefined;
  to?: string | undefined;
}

type Route = { smtpUrl: string; from: string; to: string };
type Waiting = { notificationId: number };

const queue = 'mail';
const queueOptions = {
  policy: 'exclusive', // per singletonKey: one job queued or running
  retryLimit: 20,
  retryDelay: 1,
  retryBackoff: true,
  retryDelayMax: 3_600,
  expireInSeconds: 120, // longer than all of the mail server's time-outs together
  retentionSeconds: 14 * 86_400,
  deleteAfterSeconds: 3_600,
} as const;
const pollSeconds = 1;
/** The latest after which a missed notification, or a row whose job has used up its retries, is picked up. */
const lookEveryMs = 60_000;
const smtpWaits = { connectionTimeout: 15_000, greetingTimeout: 15_000, socketTimeout: 30_000 };
const stopWaitMs = 10_000;
const restartWaitMs = 5_000;

/**
 * Runs until the signal aborts. Without a complete set of options it logs once that e-mail is not set up and closes
 * the waiting rows, so that nothing is sent months later.
 */
export async function runMail(
  control: Control,
  { smtpUrl, from, to }: MailOptions,
  signal: AbortSignal,
): Promise<void> {
  if (smtpUrl && from && to) {
    const address = /<([^<>]+)>/.exec(from)?.[1] ?? from; // the name is always ours
    return runSendingAgain(control, { smtpUrl, from: address, to }, signal);
  }
  control.log.info(
    'e-mail is not set up: it needs LOCKSTEP_SMTP_URL, LOCKSTEP_MAIL_FROM and LOCKSTEP_MAIL_TO',
  );
  return runOutbox(control, signal, async () => {
    const closed = await closeWaitingNotifications(control.db);
    if (closed.length > 0) control.log.info('mail not sent: e-mail is not set up', { rows: closed.length });
  });
}

async function runSendingAgain(control: Control, route: Route, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await runSending(control, route, signal);
    } catch (error) {
      control.log.warn('mail sender failed, restarting', { host: control.host, code: errorCode(error) });
      await control.clock.sleep(restartWaitMs, signal).catch(() => undefined);
    }
  }
}

async function runSending(control: Control, route: Route, signal: AbortSignal): Promise<void> {
  // Loaded here, because a command that sends no mail would take twice as long to start.
  const [{ PgBoss }, { createTransport }] = await Promise.all([import('pg-boss'), import('nodemailer')]);
  const boss = new PgBoss({
    connectionString: withTls(control.url),
    application_name: 'lockstep/mail',
    schema: 'pgboss',
    max: 2,
    schedule: false,
    registerInstance: false,
  });
  boss.on('error', (error) =>
    control.log.warn('job engine failed', { host: control.host, code: errorCode(error) }),
  );
  const smtp = createTransport({
    url: route.smtpUrl,
    disableFileAccess: true,
    disableUrlAccess: true,
    ...smtpWaits,
  });
  try {
    await boss.start();
    await boss.createQueue(queue, queueOptions);
    await boss.work<Waiting>(
      queue,
      { pollingIntervalSeconds: pollSeconds },
      async ([job]: Job<Waiting>[]) => {
        if (job) await sendOne(control, smtp, route, job.data.notificationId);
      },
    );
    await runOutbox(control, signal, async () => {
      for (const { notification_id: notificationId } of await selectWaitingNotifications(control.db)) {
        await boss.send(queue, { notificationId }, { singletonKey: String(notificationId) });
      }
    });
  } finally {
    await boss.stop({ graceful: true, timeout: stopWaitMs, close: true });
    smtp.close();
  }
}

/** Looks into the outbox now, on each notification and every minute. */
async function runOutbox(control: Control, signal: AbortSignal, look: () => Promise<void>): Promise<void> {
  let looking = Promise.resolve();
  const lookNext = () => {
    looking = looking.then(look).catch((error: unknown) => {
      control.log.warn('outbox not read', { host: control.host, code: errorCode(error) });
    });
  };
  const listening = listenOn(control, notificationChannel, lookNext, signal);
  while (!signal.aborted) {
    await control.clock.sleep(lookEveryMs, signal).catch(() => undefined);
    if (!signal.aborted) lookNext();
  }
  await listening;
  await looking;
}

/** @throws {@link Fault} `SYS-05`; the job engine then retries later */
async function sendOne(
  control: Control,
  smtp: Transporter,
  route: Route,
  notificationId: number,
): Promise<void> {
  const [row] = await selectWaitingNotification(control.db, notificationId);
  if (!row) return;
  const mail = mailOf(row.event as keyof EventBodies, row.sync_name, route.to, row.body);
  try {
    await smtp.sendMail({
      ...mail,
      from: { name: 'Lockstep', address: route.from },
      to: route.to,
      messageId: `<${row.event}.${row.sync_id}@${route.from.split('@').at(-1)}>`,
      headers: { 'List-Id': `<lockstep.${row.sync_id}>`, 'Auto-Submitted': 'auto-generated' },
    });
  } catch (error) {
    const { responseCode } = error as { responseCode?: unknown };
    const reason = typeof responseCode === 'number' ? String(responseCode) : errorCode(error);
    control.log.warn('mail not sent', {
      sync: row.sync_id,
      kind: row.event,
      code: 'SYS-05',
      outcome: reason,
    });
    throw new Fault('SYS-05', { reason }); // without the cause: it is stored with the job
  }
  await markNotificationSent(control.db, notificationId);
  control.log.info('mail sent', { sync: row.sync_id, kind: row.event });
}

function mailOf(event: keyof EventBodies, syncName: string, to: string, body: unknown): Mail {
  switch (event) {
    case 'backfill-complete':
      return backfillCompleteMail(syncName, to, backfillComplete.parse(body));
    default:
      return unreachable(event);
  }
}
