import type { KeyPairKeyObjectResult } from 'node:crypto';
import { selfSignedCertificate } from '@lockstep/foundation/self-signed-certificate';

/** @param until  two digits of a year of this century; the certificate expires on its 1 January */
export const certificateOf = (pair: KeyPairKeyObjectResult, until = '49', commonName = 'Test'): string =>
  selfSignedCertificate(pair, {
    commonName,
    notBefore: Date.UTC(2020, 0, 1),
    notAfter: Date.UTC(2000 + Number(until), 0, 1),
  });
