import { listSyncs } from '../../control/index.ts';
import { formatCount } from '../../core/plain-words.ts';
import { findKeyFor, openControlFor, openServerBase, startServer } from '../../server/index.ts';
import type { Command } from '../arguments.ts';
import { aborted } from '../terminal/signals.ts';

export const start: Command = {
  async run(_, { config, output, stop }) {
    const say = (line: string) => output.say(line);
    await using base = await openServerBase(config, say);
    stop.throwIfAborted();
    const control = await openControlFor(base, await findKeyFor(base));
    try {
      await using server = await startServer(base, control, {
        allowHosts: config.allowHosts,
        isSeen: process.stderr.isTTY,
        onComplete: ({ name, rows }) => say(`${name}: backfill complete, ${formatCount(rows)} rows.`),
      });
      const syncs = await listSyncs(control);
      if (output.wantsJson)
        output.object({
          schema: 1,
          ready: true,
          proxy_url: server.proxyUrl,
          metrics_url: server.metricsUrl,
          api_url: server.apiUrl,
          pid: process.pid,
        });
      say(`The proxy listens on ${server.proxyUrl}, the database server at ${control.host}.`);
      say(`Metrics: ${server.metricsUrl}. Management API: ${server.apiUrl}/api/v1 (docs/api.md)`);
      for (const { name, id } of syncs) say(`Sync ${name}: ${server.proxyUrl}/${id}`);
      if (syncs.length === 0) say('No sync yet. To create one: lockstep help sync create');
      say(server.greeting);
      say('Ctrl-C stops it.');
      await Promise.race([aborted(stop), server.failed]);
      say('Stopping after the requests that are under way.');
    } finally {
      await control.end();
    }
  },
};
