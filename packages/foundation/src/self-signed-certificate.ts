import { createHash, type KeyObject, sign } from 'node:crypto';

interface CertificateOptions {
  commonName: string;
  /** In milliseconds since 1970; years from 1950 to 2049, as the form of the times allows. */
  notBefore: number;
  notAfter: number;
}

/**
 * A self-signed X.509 certificate (RFC 5280) for an RSA key, as PEM. Node can read certificates but not make them, and
 * this one needs no extension.
 */
export function selfSignedCertificate(
  { publicKey, privateKey }: { publicKey: KeyObject; privateKey: KeyObject },
  { commonName, notBefore, notAfter }: CertificateOptions,
): string {
  const rsaWithSha256 = sequence(Buffer.from('06092a864886f70d01010b', 'hex'), Buffer.from('0500', 'hex'));
  const commonNameType = Buffer.from('0603550403', 'hex');
  const name = sequence(der(0x31, sequence(commonNameType, der(0x0c, Buffer.from(commonName)))));
  const validity = sequence(utcTime(notBefore), utcTime(notAfter));
  const key = publicKey.export({ type: 'spki', format: 'der' });
  const ofKey = createHash('sha256').update(key).digest().subarray(0, 8);
  const serial = der(0x02, Buffer.concat([Buffer.from([1]), ofKey])); // positive
  const body = sequence(serial, rsaWithSha256, name, validity, name, key);
  const signature = der(0x03, Buffer.concat([Buffer.from([0]), sign('RSA-SHA256', body, privateKey)]));
  const text = sequence(body, rsaWithSha256, signature).toString('base64');
  const lines = text.match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}

/** `361130034221Z` */
const utcTime = (ms: number): Buffer =>
  der(0x17, Buffer.from(`${new Date(ms).toISOString().replaceAll(/[-:T]/g, '').slice(2, 14)}Z`));

const sequence = (...parts: Buffer[]): Buffer => der(0x30, Buffer.concat(parts));

/** DER: a tag, the length of the content, the content. */
function der(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const size =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}
