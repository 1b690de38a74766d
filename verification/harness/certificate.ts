import { type KeyPairKeyObjectResult, sign } from 'node:crypto';

/**
 * A self-signed certificate for an RSA key, as PEM. Node can read certificates but not create them.
 *
 * @param until  two digits of a year of this century; the certificate expires on its 1 January
 */
export function certificateOf({ publicKey, privateKey }: KeyPairKeyObjectResult, until = '49'): string {
  const rsaWithSha256 = sequence(Buffer.from('06092a864886f70d01010b', 'hex'), Buffer.from('0500', 'hex'));
  const commonName = sequence(Buffer.from('0603550403', 'hex'), der(0x0c, Buffer.from('Test')));
  const name = sequence(der(0x31, commonName));
  const validity = sequence(
    ...['200101000000Z', `${until}0101000000Z`].map((time) => der(0x17, Buffer.from(time))),
  );
  const serial = der(0x02, Buffer.from([1]));
  const key = publicKey.export({ type: 'spki', format: 'der' });
  const body = sequence(serial, rsaWithSha256, name, validity, name, key);
  const signature = der(0x03, Buffer.concat([Buffer.from([0]), sign('RSA-SHA256', body, privateKey)]));
  const text = sequence(body, rsaWithSha256, signature).toString('base64');
  const lines = text.match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}

const sequence = (...parts: Buffer[]): Buffer => der(0x30, Buffer.concat(parts));

/** DER: a tag, the length of the content, the content. */
function der(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const size =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}
