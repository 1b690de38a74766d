/**
 * Lockstep's own error answers: a JSON array like Salesforce's errors, so that clients can parse them, with an
 * errorCode that Salesforce never uses, so that no client takes it for an expired session.
 */
import type { ServerResponse } from 'node:http';
import { Fault, type FaultCode } from '../core/faults.ts';

const statuses: Partial<Record<FaultCode, number>> = {
  'PRX-01': 404,
  'PRX-02': 403,
  'PRX-03': 401,
  'PRX-04': 504,
  'PRX-08': 400,
  'PRX-10': 429,
  'PRX-12': 503,
  'PRX-13': 503,
  'PRX-14': 401,
  'PRX-15': 403,
  'PRX-16': 503,
  'NET-01': 502,
};

/** Refuses a malformed request. `status` is 400, 405, 408, 414 or 431; `reason` never quotes the request. */
export const refuse = (status: number, reason: string) => new Fault('PRX-08', { status, reason });

interface FaultAnswer {
  status: number;
  /** Alternating names and values. */
  headers: string[];
  body: string;
}

export function faultAnswer(fault: Fault, isWrite: boolean): FaultAnswer {
  const status = (fault.code === 'PRX-08' ? fault.safe.status : statuses[fault.code]) ?? 502;
  const errorCode = `LOCKSTEP_${fault.code.replace('-', '_')}`;
  const body = JSON.stringify([{ message: `${fault.message} ${fault.next}`, errorCode }]);
  const headers = ['Content-Type', 'application/json;charset=UTF-8', 'Cache-Control', 'no-store'];
  headers.push('Lockstep-Error', fault.code, 'Content-Length', String(Buffer.byteLength(body)));
  if (fault.code === 'PRX-04' && isWrite) headers.push('Lockstep-Outcome', 'unknown');
  if (status === 405) headers.push('Allow', 'GET, HEAD, POST, PATCH, PUT, DELETE, OPTIONS');
  if (fault.code === 'PRX-12' || fault.code === 'PRX-16') headers.push('Retry-After', '1');
  // Retrying at once would only make the queue longer.
  if (status === 429) headers.push('Retry-After', '5');
  return { status, headers, body };
}

/** Answers with the fault. If an answer has begun already, cuts it off, so that nobody takes it for complete. */
export function sendFault(response: ServerResponse, fault: Fault, isWrite: boolean): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const { status, headers, body } = faultAnswer(fault, isWrite);
  response.writeHead(status, headers);
  response.end(body);
}
