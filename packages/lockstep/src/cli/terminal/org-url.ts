import { usageError } from '../../core/request-error.ts';

/** The origin of an address that a person gives, with or without `https://`. @throws a usage error */
export function orgUrl(text: string, help: string): string {
  const url = URL.parse(text.includes('://') ? text : `https://${text}`);
  if (url && /^https?:$/.test(url.protocol)) return url.origin;
  throw usageError('--org takes an address such as https://acme.my.salesforce.com', help);
}
