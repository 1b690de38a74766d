/**
 * The headers that every answer of a real org has, as recorded in 2019 to 2024; the age of Strict-Transport-Security is
 * the one of 2024. It says nothing to clients of an org without TLS, but a proxy may meet it.
 */
const uncached = { 'Cache-Control': 'no-cache,must-revalidate,max-age=0,no-store,private' };
const ofWebHosts = {
  ...uncached,
  'Strict-Transport-Security': 'max-age=63072000; includeSubDomains',
  'X-Content-Type-Options': 'nosniff',
};
const ofRest = { ...ofWebHosts, 'X-Robots-Tag': 'none' };

/** @param url  as in the request */
export function standardHeaders(url: string): Readonly<Record<string, string>> {
  const path = url.replace(/^\/+/, '/');
  if (path.startsWith('/services/Soap/')) return uncached;
  return path.startsWith('/services/data') ? ofRest : ofWebHosts;
}
