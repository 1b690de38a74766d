import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { newSync, openTestControl } from '@lockstep/harness/control';
import { openMailServer } from '@lockstep/harness/mail-server';
import { runMail } from './mail.ts';
import { recordEvent } from './notifications.ts';
import { recordSync } from './syncs.ts';

const body = {
  tables: [
    { sobject: 'Account', rows: 412_880 },
    { sobject: 'Opportunity', rows: 1_203_300 },
  ],
  tookMs: 24 * 60_000,
  requests: 131,
};

test('an e-mail is sent once, even if its event is recorded twice and the mailer is restarted', async () => {
  await using harness = await openTestControl();
  await using server = await openMailServer();
  const [acme, other] = [newSync({ name: 'Acme' }), newSync({ name: 'Other' })];
  await recordSync(harness.control, acme);
  await recordSync(harness.control, other);
  const { control } = harness;
  const mailer = async (during: () => Promise<unknown>) => {
    const stop = new AbortController();
    const sent = harness.log.next('mail sent');
    const running = [
      runMail(control, server.options, stop.signal),
      runMail(control, server.options, stop.signal),
    ];
    await during();
    await sent;
    stop.abort();
    await Promise.all(running);
  };

  await mailer(() => recordEvent(control.db, acme.id, 'backfill-complete', body));
  await recordEvent(control.db, acme.id, 'backfill-complete', body);
  await mailer(() => recordEvent(control.db, other.id, 'backfill-complete', body));

  assert.equal(server.mails.length, 2);
  assert.match(
    server.mails[0] ?? '',
    /^Subject: \[Lockstep\] Acme is loaded: 1,616,180 records in 2 tables\r$/m,
  );
  assert.match(server.mails[1] ?? '', /^Subject: \[Lockstep\] Other is loaded/m);
  const rows = await control.db.query(
    sql`SELECT state, sent_at IS NOT NULL AS stamped FROM lockstep.notification`,
  );
  assert.deepEqual(rows, [
    { state: 'sent', stamped: true },
    { state: 'sent', stamped: true },
  ]);
});

test('the e-mail is plain text of 72 columns, with headers for filtering and threading', async () => {
  await using harness = await openTestControl();
  await using server = await openMailServer();
  const sync = newSync({ name: 'Acme' });
  await recordSync(harness.control, sync);
  await recordEvent(harness.control.db, sync.id, 'backfill-complete', body);
  const stop = new AbortController();
  const sent = harness.log.next('mail sent');

  const running = runMail(harness.control, server.options, stop.signal);
  await sent;
  stop.abort();
  await running;

  const [head = '', ...paragraphs] = (server.mails[0] ?? '').replaceAll('\r\n', '\n').split('\n\n');
  assert.match(head, /^From: Lockstep <lockstep@example\.com>$/m);
  assert.match(head, new RegExp(`^Message-ID: <backfill-complete\\.${sync.id}@example\\.com>\$`, 'm'));
  assert.match(head, new RegExp(`^List-ID: <lockstep\\.${sync.id}>\$`, 'm'));
  assert.match(head, /^Auto-Submitted: auto-generated$/m);
  assert.match(head, /^Content-Type: text\/plain/m);
  assert.equal(
    paragraphs.join('\n\n').trim(),
    `All records are in your database and are kept current from now on.

  Account         412,880
  Opportunity   1,203,300

Took 24 min and 131 API requests.

You get this because ops@example.com is set for Acme. Change:
LOCKSTEP_MAIL_TO`,
  );
});

test('a mail that the server refuses is retried until it is accepted', async () => {
  await using harness = await openTestControl();
  await using server = await openMailServer();
  const sync = newSync();
  await recordSync(harness.control, sync);
  const stop = new AbortController();
  const refused = harness.log.next('mail not sent');
  const sent = harness.log.next('mail sent');
  server.refuse(1);

  const running = runMail(harness.control, server.options, stop.signal);
  await recordEvent(harness.control.db, sync.id, 'backfill-complete', body);

  const { code, outcome } = await refused;
  assert.deepEqual({ code, outcome }, { code: 'SYS-05', outcome: '451' });
  await sent;
  stop.abort();
  await running;
  assert.equal(server.mails.length, 1);
});

test('without a mail server the log says so, and events from before are not sent once one is set up', async () => {
  await using harness = await openTestControl();
  await using server = await openMailServer();
  const [early, late] = [newSync({ name: 'Early' }), newSync({ name: 'Late' })];
  await recordSync(harness.control, early);
  await recordSync(harness.control, late);
  const { control } = harness;

  const without = new AbortController();
  const closed = harness.log.next('mail not sent: e-mail is not set up');
  const running = runMail(control, {}, without.signal);
  await recordEvent(control.db, early.id, 'backfill-complete', body);
  await closed;
  without.abort();
  await running;
  assert.match(harness.log.text(), /e-mail is not set up: it needs LOCKSTEP_SMTP_URL/);

  const withMail = new AbortController();
  const sent = harness.log.next('mail sent');
  const sending = runMail(control, server.options, withMail.signal);
  await recordEvent(control.db, late.id, 'backfill-complete', body);
  await sent;
  withMail.abort();
  await sending;
  assert.deepEqual(
    server.mails.map((mail) => /Subject: .* (\w+) is loaded/.exec(mail)?.[1]),
    ['Late'],
  );
});
