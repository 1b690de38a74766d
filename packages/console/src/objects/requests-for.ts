/** Five queries of 2,000 records each. */
const recordsPerRequest = 10_000;

/** About how many requests it takes to read so many records by pages. */
export const requestsFor = (records: number): number => Math.max(1, Math.ceil(records / recordsPerRequest));
