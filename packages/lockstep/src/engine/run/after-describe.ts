/** Descriptions that are asked for along with the queries of a request: what is sent, and what the answer means. */
import type { Clock } from '@lockstep/foundation/clock';
import { Fault } from '../../core/faults.ts';
import type { AppLog } from '../../core/log-fields.ts';
import {
  describeResource,
  type Resource,
  type ResourceAnswer,
  readConditional,
} from '../../salesforce/index.ts';
import type { ExchangeTimes } from '../cursors/reading.ts';
import type { DescribeRequest } from '../plan/describes.ts';
import type { StreamState, SyncState } from './sync-state.ts';

export interface AnsweredDescribe {
  describe: DescribeRequest;
  answer: ResourceAnswer;
}

export const resourceOf = (
  { table, describe: { condition } }: StreamState,
  { isWhole }: DescribeRequest,
): Resource => describeResource(table.stream.sobject, isWhole ? undefined : (condition ?? undefined));

/** The stream with the description that has arrived. A refusal says nothing that the polls do not say too. */
export function afterDescribe(
  { log, clock }: { log: AppLog; clock: Clock },
  stream: StreamState,
  { describe: { isWhole }, answer }: AnsweredDescribe,
  { answeredAt }: ExchangeTimes,
): StreamState {
  const { sobject } = stream.table.stream;
  const at = clock.now();
  const asked = { ...stream.describe, at, ...(isWhole && { wholeAt: at }) };
  try {
    const read = readConditional(answer, sobject, answeredAt);
    if (read === 'unchanged' || read === 'refused') return { ...stream, describe: asked };
    return { ...stream, describe: { ...asked, condition: read.condition, found: read.describe } };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    log.warn('description refused', { stream: sobject, code: error.code });
    return { ...stream, describe: asked };
  }
}

/** After an answer that took too long these objects are described in requests of their own. */
export const withLong = (state: SyncState, describes: readonly DescribeRequest[]): SyncState => {
  const asked = new Set(describes.map(({ index }) => index));
  const streams = state.streams.map((stream, index) =>
    asked.has(index)
      ? { ...stream, describe: { ...stream.describe, isLong: true, condition: null } }
      : stream,
  );
  return { ...state, streams };
};
