import type { IncomingMessage } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { Busboy, type BusboyEvents, type BusboyFileStream, type BusboyInstance } from '@fastify/busboy';
import type { Answer, Call } from './answer.ts';
import { discardUnused, fillBlob, newBlob, StoredBlob } from './blobs.ts';
import { OrgError, parserError, refused } from './errors.ts';
import { isObject, parseExact } from './exact-json.ts';
import { fieldNamed } from './schema.ts';

/**
 * A record, or a collection of records, as `multipart/form-data`: one part of JSON, and a part of bytes for each
 * file. In a row the part bears the name of its field; in a collection a record says by `binaryPartName` which part
 * is its file, and by `binaryPartNameAlias` for which field. The bytes are stored as they come, before the record is
 * written, and removed where no record took them.
 */
const jsonBytesMax = 50 * 1024 * 1024;
const megabyte = 1024 * 1024;
const versionBytesMax = 2048 * megabyte;
/** Of one other file, and of all files of a collection together. */
const fileBytesMax = 500 * megabyte;
const partsMax = 201;

export const isForm = (request: IncomingMessage): boolean =>
  /^multipart\/form-data\b/i.test(request.headers['content-type'] ?? '');

/** Whether the path takes a record's form; other resources have forms of their own. */
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

/** Runs the request with the form as its body. */
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

const tooLarge = () => new OrgError(413, 'REQUEST_ENTITY_TOO_LARGE', 'The request is too large.');

const malformed = (message: string) => refused('INVALID_MULTIPART_REQUEST', message);

async function receive(call: Call, request: IncomingMessage, stored: StoredBlob[]): Promise<Form> {
  const isVersion = call.path[0] === 'sobjects' && call.path[1]?.toLowerCase() === 'contentversion';
  const bytesMax = isVersion ? versionBytesMax : fileBytesMax;
  if (Number(request.headers['content-length'] ?? 0) > bytesMax + jsonBytesMax) throw tooLarge();
  const quota = new Quota(bytesMax);
  const form: { json?: unknown; hasJson: boolean; parts: Part[] } = { hasJson: false, parts: [] };
  const take = async (stream: BusboyFileStream, mimeType: string, name: string, fileName: string) => {
    if (/^application\/json\b/i.test(mimeType) && !form.hasJson) {
      form.hasJson = true;
      form.json = await readJson(stream);
      return;
    }
    const blob = await newBlob(call.org.db);
    stored.push(blob);
    form.parts.push({ name, fileName, blob });
    await fillBlob(call.org.db, blob, quota.limit(stream));
  };
  await eachPart(request, take);
  if (!form.hasJson) throw malformed('Multipart message must include a non-binary part');
  return { json: form.json, parts: form.parts };
}

type TakePart = (stream: BusboyFileStream, mimeType: string, name: string, fileName: string) => Promise<void>;

/** One part after the other. When one is refused the rest is read past, so that the client can read the answer. */
async function eachPart(request: IncomingMessage, take: TakePart): Promise<void> {
  const state: { failure?: { error: unknown }; open?: BusboyFileStream } = {};
  let reading = Promise.resolve();
  const onPart: BusboyEvents['file'] = (name, stream, fileName, _encoding, mimeType) => {
    stream.on('error', () => undefined); // whoever reads the part is told
    reading = reading.then(async () => {
      if (!state.failure) {
        state.open = stream;
        await take(stream, mimeType, name, fileName).catch((error: unknown) => {
          state.failure ??= { error };
        });
      }
      stream.resume();
    });
  };
  const parser = openParser(request).on('file', onPart);
  try {
    const isGzip = request.headers['content-encoding'] === 'gzip';
    await (isGzip ? pipeline(request, createGunzip(), parser) : pipeline(request, parser));
  } catch {
    const error = malformed('The multipart message cannot be read.');
    state.failure ??= { error };
    // The parser leaves a part open that was broken off.
    state.open?.destroy(error);
  }
  await reading;
  if (state.failure) throw state.failure.error;
}

function openParser(request: IncomingMessage): BusboyInstance {
  try {
    return new Busboy({
      headers: { ...request.headers, 'content-type': request.headers['content-type'] ?? '' },
      isPartAFile: () => true,
      limits: { parts: partsMax },
    });
  } catch {
    throw malformed('Multipart: Boundary not found');
  }
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
  if (more.length > 0) throw malformed('Cannot include more than one binary part');
  if (!isObject(json) || !part) return json;
  const def = call.sobjects.get(call.path[1]?.toLowerCase() ?? '');
  const pathField = def && fieldNamed(def, 'PathOnClient');
  // A file is called as its sender calls it.
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
    if (!part) throw malformed(`Multipart message has no part of the name ${name}`);
    return { ...record, [field]: part.blob };
  });
  return { ...json, records };
}
