/** The certificate of a server: read and checked before the server listens, and reloaded when its files change. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Server as TlsServer } from 'node:tls';
import { createSecureContext } from 'node:tls';
import type { Clock } from '@lockstep/foundation/clock';
import { Fault } from './faults.ts';
import type { AppLog } from './log-fields.ts';

/** Names of PEM files. */
export interface CertificateFiles {
  /** The certificate, followed by its chain. */
  cert: string;
  key: string;
}

export interface Certificate {
  files: CertificateFiles;
  cert: Buffer;
  key: Buffer;
}

const checkEveryMs = 60_000;

export const tlsOptions = ({ cert, key }: Certificate) => ({ cert, key, minVersion: 'TLSv1.2' as const });

/** @throws {@link Fault} `CFG-02` that says which file is wrong and why, and never what is in it */
export async function readCertificate(files: CertificateFiles): Promise<Certificate> {
  const cert = await read(files.cert, 'certificate');
  const key = await read(files.key, 'key');
  const own = parsed(
    () => new X509Certificate(cert),
    `The file ${files.cert} contains no certificate in PEM format`,
  );
  const privateKey = parsed(
    () => createPrivateKey(key),
    `The file ${files.key} contains no private key in PEM format, or one that is protected by a passphrase`,
  );
  if (!own.checkPrivateKey(privateKey)) {
    throw unusable(`The key in ${files.key} does not belong to the first certificate in ${files.cert}`);
  }
  const certificate = { files, cert, key };
  parsed(
    () => createSecureContext(tlsOptions(certificate)),
    `The certificate in ${files.cert} or its key is too weak or of a type that TLS does not support`,
  );
  return certificate;
}

/**
 * Checks the files once a minute until the signal aborts. Open connections keep the certificate that they began with.
 * If the new files cannot be used, that is logged once and the previous certificate stays.
 */
export async function renewCertificate(
  server: Pick<TlsServer, 'setSecureContext'>,
  first: Certificate,
  { clock, log }: { clock: Clock; log: AppLog },
  signal: AbortSignal,
): Promise<void> {
  let current = first;
  let lastReason = '';
  for (;;) {
    await clock.sleep(checkEveryMs, signal).catch(() => undefined);
    if (signal.aborted) return;
    try {
      const next = await readCertificate(current.files);
      lastReason = '';
      if (next.cert.equals(current.cert) && next.key.equals(current.key)) continue;
      server.setSecureContext(tlsOptions(next));
      current = next;
      log.info('the certificate was renewed');
    } catch (cause) {
      // While only one of the two files has been replaced they do not match; the next check sees both.
      const { code, message } = cause instanceof Fault ? cause : unusable('It cannot be used', cause);
      if (message !== lastReason)
        log.warn('the renewed certificate cannot be used, the previous one stays', { code });
      lastReason = message;
    }
  }
}

async function read(file: string, what: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    const { code } = cause as { code?: unknown };
    throw unusable(`The ${what} cannot be read from ${file} (${String(code)})`, cause);
  }
}

function parsed<Result>(parse: () => Result, otherwise: string): Result {
  try {
    return parse();
  } catch (cause) {
    throw unusable(otherwise, cause);
  }
}

const unusable = (reason: string, cause?: unknown) =>
  new Fault('CFG-02', { reason: `${reason}.` }, { cause });
