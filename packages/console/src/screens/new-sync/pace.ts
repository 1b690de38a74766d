/** How fast a sync may ask, and what that means for the org and the mirror. */

const daySeconds = 86_400;
const usualSeconds = 3;
/** Of the org's daily requests, what a sync takes at most unless somebody decides otherwise. */
const usualShare = 0.5;
/** What the API takes. */
export const fastestSeconds = 0.2;
export const slowestSeconds = 300;
const objectsPerRequest = 5;
/** About what polls get of a sync's requests; the rest are checks, descriptions and read-backs. */
const pollShare = 0.9;
const rowsPerPage = 2_000;
/** From so many pages on, a table is copied by jobs of Bulk API 2.0. */
const bulkPages = 50;
/** Making a job, asking how far it is, and its pages of results, 50,000 records each. */
const bulkJobRequests = 6;
const bulkPageRows = 50_000;

/** Three seconds, or the fastest whole number of them that leaves half of the org's requests to others. */
export function suitedSeconds(dailyMax: number | null): number {
  if (dailyMax === null || daySeconds / usualSeconds <= dailyMax * usualShare) return usualSeconds;
  return Math.min(slowestSeconds, Math.ceil(daySeconds / (dailyMax * usualShare)));
}

/** In milliseconds; null: what is typed is no pace. */
export function intervalOf(everySeconds: string, dailyMax: number | null): number | null {
  const seconds =
    everySeconds.trim() === '' ? suitedSeconds(dailyMax) : Number(everySeconds.replace(',', '.'));
  return seconds >= fastestSeconds && seconds <= slowestSeconds ? Math.round(seconds * 1_000) : null;
}

export const requestsPerDay = (intervalMs: number): number => Math.round((daySeconds * 1_000) / intervalMs);

/** The seconds between two requests of which a day has so many. */
export const secondsFor = (perDay: number): number => Number((daySeconds / perDay).toFixed(2));

/** How often each object is read, in milliseconds. */
export const readEveryMs = (objects: number, intervalMs: number): number =>
  (Math.ceil(objects / objectsPerRequest) * intervalMs) / pollShare;

/** About how many requests copying all of these tables takes. @param records  of each object */
export function copyRequests(records: readonly number[]): number {
  return records.reduce((sum, rows) => {
    const pages = Math.ceil(rows / rowsPerPage);
    return sum + (pages >= bulkPages ? bulkJobRequests + Math.ceil(rows / bulkPageRows) : Math.max(1, pages));
  }, 0);
}
