import { Readable } from 'node:stream';
import { eachPart } from '../http/form-parts.ts';
import { invalidJob } from './refusals.ts';

/** A small ingest job in one request: its description and its file as the parts `job` and `content` of a form. */
export interface JobForm {
  /** JSON. */
  job: string;
  /** CSV. */
  content: Buffer;
}

const contentCharactersMax = 100_000;

export async function readJobForm(contentType: string, body: Buffer): Promise<JobForm> {
  const parts = new Map<string, Buffer>();
  await eachPart(contentType, [Readable.from([body])], async ({ name, bytes }) => {
    const chunks: Buffer[] = [];
    for await (const chunk of bytes as AsyncIterable<Buffer>) chunks.push(chunk);
    parts.set(name, Buffer.concat(chunks));
  });
  const job = parts.get('job');
  const content = parts.get('content');
  if (!job) throw invalidJob('The part job is missing');
  if (!content) throw invalidJob('The part content is missing');
  if (content.toString().length > contentCharactersMax) {
    throw invalidJob(`The content of a multipart request has more than ${contentCharactersMax} characters`);
  }
  return { job: job.toString(), content };
}
