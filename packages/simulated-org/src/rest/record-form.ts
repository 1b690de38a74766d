import type { IncomingMessage } from 'node:http';
import { createGunzip } from 'node:zlib';
import type { BusboyFileStream } from '@fastify/busboy';
import { isObject, parseExact } from '@lockstep/foundation/exact-json';
import type { Answer } from '../http/answer.ts';
import type { Call } from '../http/call.ts';
import { parserError, tooLarge } from '../http/errors.ts';
import { eachPart, type FormPart, malformedForm } from '../http/form-parts.ts';
import { isForm } from '../http/request-body.ts';
import { fieldNamed } from '../schema/schema.ts';
import { discardUnused, fillBlob, newBlob, StoredBlob } from '../write/blobs.ts';

/**
 * A record, or a collection of records, as `multipart/form-data`: one part of JSON, and a part of bytes for each
 * file. For a row, the part has the name of its field; in a collection, a record names its file's part in
 * `binaryPartName` and the field in `binaryPartNameAlias`. The bytes are stored as they arrive, before the record is
 * written, and deleted if no record uses them.
 */
const jsonBytesMax = 50 * 1024 * 1024;
const megabyte = 1024 * 1024;
const versionBytesMax = 2048 * megabyte;
/** For a single other file, and for all files of a collection together. */
const fileBytesMax = 500 * megabyte;

/** Whether the path takes a record as a form; other resources have their own forms. */
export const isRecordForm = (request: IncomingMessage, path: readonly string[]): boolean =>
  isForm(request) && (path[0] === 'sobjects' || (path[0] === 'composite' && path[1] === 'sobjects'));

interface Part {
  name: string;
  fileName: string;
  blob: StoredBlob;
}
interface Form {
  json: unknown;
  parts: readonly Part[];
}

/** Runs the request with the parsed form as its body. */
export async function routeForm(
  call: Call,
  request: IncomingMessage,
  route: (call: Call) => Promise<Answer>,
): Promise<Answer> {
  const stored: StoredBlob[] = [];
  try {
    const form = await receive(call, request, stored);
    return await route({ ...call, body: bodyOf(call, form) });
  } finally {
    if (stored.length > 0) await discardUnused(call.org.db, stored);
  }
}

async function receive(call: Call, request: IncomingMessage, stored: StoredBlob[]): Promise<Form> {
  const isVersion = call.path[0] === 'sobjects' && call.path[1]?.toLowerCase() === 'contentversion';
  const bytesMax = isVersion ? versionBytesMax : fileBytesMax;
  if (Number(request.headers['content-length'] ?? 0) > bytesMax + jsonBytesMax) throw tooLarge();
  const quota = new Quota(bytesMax);
  const form: { json?: unknown; hasJson: boolean; parts: Part[] } = { hasJson: false, parts: [] };
  const take = async ({ name, fileName, mimeType, bytes }: FormPart) => {
    if (/^application\/json\b/i.test(mimeType) && !form.hasJson) {
      form.hasJson = true;
      form.json = await readJson(bytes);
      return;
    }
    const blob = await newBlob(call.org.db);
    stored.push(blob);
    form.parts.push({ name, fileName, blob });
    await fillBlob(call.org.db, blob, quota.limit(bytes));
  };
  const decoders = request.headers['content-encoding'] === 'gzip' ? [createGunzip()] : [];
  await eachPart(request.headers['content-type'] ?? '', [request, ...decoders], take);
  if (!form.hasJson) throw malformedForm('Multipart message must include a non-binary part');
  return { json: form.json, parts: form.parts };
}

/** Counts the bytes of all files of a request. */
class Quota {
  #left: number;

  constructor(bytes: number) {
    this.#left = bytes;
  }

  async *limit(stream: BusboyFileStream): AsyncIterable<Buffer> {
    for await (const chunk of stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      this.#left -= chunk.length;
      if (this.#left < 0) throw tooLarge();
      yield chunk;
    }
  }
}

async function readJson(stream: BusboyFileStream): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of new Quota(jsonBytesMax).limit(stream)) chunks.push(chunk);
  try {
    return parseExact(Buffer.concat(chunks).toString());
  } catch {
    throw parserError('Unexpected character or end of input in the non-binary part');
  }
}

function bodyOf(call: Call, form: Form): unknown {
  return call.path[0] === 'composite' ? collectionOf(form) : recordOf(call, form);
}

function recordOf(call: Call, { json, parts }: Form): unknown {
  const [part, ...more] = parts;
  if (more.length > 0) throw malformedForm('Cannot include more than one binary part');
  if (!isObject(json) || !part) return json;
  const def = call.sobjects.get(call.path[1]?.toLowerCase() ?? '');
  const pathField = def && fieldNamed(def, 'PathOnClient');
  // A file gets the name that its sender gave it.
  const called = pathField && part.fileName && call.method === 'POST' ? { PathOnClient: part.fileName } : {};
  return { ...called, ...json, [part.name]: part.blob };
}

function collectionOf({ json, parts }: Form): unknown {
  if (!isObject(json) || !Array.isArray(json.records)) return json;
  const byName = new Map(parts.map((part) => [part.name, part]));
  const records = json.records.map((record: unknown) => {
    const attributes = isObject(record) && isObject(record.attributes) ? record.attributes : {};
    const { binaryPartName: name, binaryPartNameAlias: field } = attributes;
    if (!isObject(record) || typeof name !== 'string' || typeof field !== 'string') return record;
    const part = byName.get(name);
    if (!part) throw malformedForm(`Multipart message has no part of the name ${name}`);
    return { ...record, [field]: part.blob };
  });
  return { ...json, records };
}
