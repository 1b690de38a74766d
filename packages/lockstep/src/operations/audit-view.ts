import type { AuditEntryView } from '../contract/audit.ts';
import type { AuditEntry } from '../control/index.ts';
import { inRfc3339 } from '../core/plain-words.ts';

/** An entry of the audit log as programs get it. */
export const auditView = ({ id, at, requestId, before, after, ...entry }: AuditEntry): AuditEntryView => ({
  ...entry,
  id: String(id),
  at: inRfc3339(at) ?? '',
  before: before && { ...before },
  after: after && { ...after },
  request_id: requestId,
});
