import { parserError } from '../errors.ts';
import { invalidJob } from './refusals.ts';

/** A small ingest job in one request: its description and its file as the parts `job` and `content` of a form. */
export interface MultipartJob {
  /** JSON. */
  job: string;
  /** CSV. */
  content: Buffer;
}

const contentCharactersMax = 100_000;

/** Lines may end with or without a carriage return: people write such bodies by hand. */
export function readMultipart(contentType: string, body: Buffer): MultipartJob {
  const [, quoted, plain] = /boundary=(?:"([^"]+)"|([^\s;]+))/i.exec(contentType) ?? [];
  const boundary = quoted ?? plain;
  if (boundary === undefined) throw malformed();
  // Latin-1 keeps every byte as one character.
  const text = body.toString('latin1');
  const pieces = `\n${text}`.split(`\n--${boundary}`);
  if (pieces.length < 3 || !/^--\s*$/.test(pieces.at(-1) ?? '')) throw malformed();
  const parts = new Map(pieces.slice(1, -1).map(readPart));
  const job = parts.get('job');
  const content = parts.get('content');
  if (!job) throw invalidJob('The part job is missing');
  if (!content) throw invalidJob('The part content is missing');
  if (content.toString().length > contentCharactersMax) {
    throw invalidJob(`The content of a multipart request has more than ${contentCharactersMax} characters`);
  }
  return { job: job.toString(), content };
}

function readPart(piece: string): [name: string, bytes: Buffer] {
  const blank = /\r?\n\r?\n/.exec(piece);
  const head = blank ? piece.slice(0, blank.index) : '';
  const name = /^content-disposition:.*\bname="?(\w+)"?/im.exec(head)?.[1];
  if (!blank || name === undefined) throw malformed();
  const bytes = piece.slice(blank.index + blank[0].length).replace(/\r$/, '');
  return [name, Buffer.from(bytes, 'latin1')];
}

const malformed = () => parserError('The multipart request is not well formed');
