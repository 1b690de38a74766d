import type { OrgCheck } from '../../contract/org-check.ts';
import { formatCount } from '../../core/plain-words.ts';
import { table } from './output.ts';

/** What an org is and what the user may do there. */
export function orgLines(org: OrgCheck): string[] {
  const { daily_requests: daily, user, checks, synced_as: others } = org;
  const kind = org.is_sandbox === null ? 'org' : org.is_sandbox ? 'sandbox' : 'production org';
  return [
    `${org.name ?? org.org_id}: ${kind}${org.edition === null ? '' : `, ${org.edition}`}`,
    `  Id ${org.org_id}, ${org.instance_url}`,
    `  Newest API version in common: ${org.api_version}; round trip ${org.round_trip_ms} ms`,
    user === null
      ? '  Its user is not known.'
      : `  Signed in as ${user.username}${user.name && ` (${user.name})`}`,
    daily === null
      ? '  Its daily requests are not known.'
      : `  Daily requests of all programs: ${formatCount(daily.used)} of ${formatCount(daily.max)} used`,
    ...(org.trial_ends_at === null ? [] : [`  The trial ends at ${org.trial_ends_at}.`]),
    ...(others.length === 0
      ? []
      : [`  Also synced as ${others.join(', ')}: every sync uses requests of the same org.`]),
    '',
    table(
      ['CHECK', 'STATE', 'WHY'],
      checks.map((check) => [check.name, check.state, check.says]),
      new Set(),
    ),
    ...checks.filter(({ next }) => next !== '').map((check) => `next, ${check.name}: ${check.next}`),
  ];
}
