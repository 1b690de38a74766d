import type { Duplex, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Busboy, type BusboyEvents, type BusboyFileStream, type BusboyInstance } from '@fastify/busboy';
import { refused } from './errors.ts';

/** A part of a `multipart/form-data` body; parts come one after the other. */
export interface FormPart {
  name: string;
  fileName: string;
  mimeType: string;
  bytes: BusboyFileStream;
}

const partsMax = 201;

export const malformedForm = (message: string) => refused('INVALID_MULTIPART_REQUEST', message);

/**
 * Passes each part to `take`. If one is refused, the rest is read and discarded, so that the client reads the answer.
 *
 * @param body  a request, and the streams that decode it
 * @throws the first error of `take`, or {@link OrgError} INVALID_MULTIPART_REQUEST
 */
export async function eachPart(
  contentType: string,
  body: readonly [Readable, ...Duplex[]],
  take: (part: FormPart) => Promise<unknown>,
): Promise<void> {
  const state: { failure?: { error: unknown }; open?: BusboyFileStream } = {};
  let reading = Promise.resolve();
  const onPart: BusboyEvents['file'] = (name, bytes, fileName, _encoding, mimeType) => {
    bytes.on('error', () => undefined); // whoever reads the part gets the error
    reading = reading.then(async () => {
      if (!state.failure) {
        state.open = bytes;
        await take({ name, bytes, fileName, mimeType }).catch((error: unknown) => {
          state.failure ??= { error };
        });
      }
      bytes.resume();
    });
  };
  const parser = openParser(contentType).on('file', onPart);
  try {
    await pipeline([...body, parser]);
  } catch {
    const error = malformedForm('The multipart message cannot be read.');
    state.failure ??= { error };
    // A part that was cut short stays open in the parser.
    state.open?.destroy(error);
  }
  await reading;
  if (state.failure) throw state.failure.error;
}

function openParser(contentType: string): BusboyInstance {
  try {
    return new Busboy({
      headers: { 'content-type': contentType },
      isPartAFile: () => true,
      limits: { parts: partsMax },
    });
  } catch {
    throw malformedForm('Multipart: Boundary not found');
  }
}
