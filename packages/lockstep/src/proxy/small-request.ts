/** Our own questions to the org about a caller's token, with short answers. */
import type { Dispatcher } from 'undici';

const timeoutMs = 10_000;
const answerBytesMax = 65_536;

export interface SmallAnswer {
  status: number;
  /** Alternating names and values. */
  headers: string[];
  text: string;
}

/** Fails if the answer is not complete after ten seconds, or longer than 64 KB. */
export async function getWithToken(token: string, path: string, upstream: Dispatcher): Promise<SmallAnswer> {
  const answer = await upstream.request({
    path,
    method: 'GET',
    headers: { authorization: `Bearer ${token}`, accept: 'application/json' },
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    responseHeaders: 'raw', // with their case and order, to be passed on
  });
  let text = '';
  for await (const chunk of answer.body.setEncoding('utf8')) {
    text += String(chunk);
    if (text.length > answerBytesMax) throw new Error('the answer is too long');
  }
  const headers = (answer.headers as unknown as (Buffer | string)[]).map(String);
  return { status: answer.statusCode, headers, text };
}
