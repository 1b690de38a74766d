/** The path and parameters of a request, decoded. */
interface Target {
  /** Of `/services/data/v62.0/…`: `62.0`; otherwise undefined. */
  version: string | undefined;
  /** The segments after the version, or all of them. */
  path: string[];
  parameters: URLSearchParams;
}

/** Undefined where the path cannot be decoded. */
export function splitTarget(url: string): Target | undefined {
  const at = url.indexOf('?');
  const parameters = new URLSearchParams(at < 0 ? '' : url.slice(at + 1));
  const segments: string[] = [];
  for (const segment of (at < 0 ? url : url.slice(0, at)).split('/')) {
    if (segment === '') continue;
    try {
      segments.push(decodeURIComponent(segment));
    } catch {
      return undefined;
    }
  }
  const [services, data, versionText, ...path] = segments;
  const version = /^v(\d{1,3}\.\d)$/.exec(versionText ?? '')?.[1];
  const isVersioned = services === 'services' && data === 'data' && version !== undefined;
  return isVersioned ? { version, path, parameters } : { version: undefined, path: segments, parameters };
}
