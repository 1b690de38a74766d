import { type Sql, sql } from '@lockstep/foundation/sql';

/**
 * Record Ids: three characters for the sobject, two for the instance, one reserved, nine that count in base 62, and
 * three that keep the first fifteen distinct where case is lost: for each block of five, bit i says whether character
 * i is a capital, and the bits together select the check character.
 */
export const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const checks = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ012345';
const instance = 'Hp';
const places = 9;

const check = (block: string): string => {
  let bits = 0;
  for (let i = 0; i < block.length; i++) if (/[A-Z]/.test(block.charAt(i))) bits |= 1 << i;
  return checks.charAt(bits);
};

/** The 18 characters for 15. */
export const withCheck = (id15: string): string =>
  id15 + check(id15.slice(0, 5)) + check(id15.slice(5, 10)) + check(id15.slice(10, 15));

/** The Id of the `number`th record of an org. All sobjects share the numbers. */
export function recordId(keyPrefix: string, number: number): string {
  let rest = number;
  let counted = '';
  for (let place = 0; place < places; place++) {
    counted = digits.charAt(rest % 62) + counted;
    rest = Math.floor(rest / 62);
  }
  return withCheck(`${keyPrefix}${instance}0${counted}`);
}

/**
 * A received Id in its 18-character form; undefined for anything else. As in Salesforce, a wrong check character
 * makes it another, unknown Id rather than a malformed one.
 */
export function parseId(text: string): string | undefined {
  if (/^[0-9A-Za-z]{15}$/.test(text)) return withCheck(text);
  return /^[0-9A-Za-z]{15}[0-5A-Z]{3}$/.test(text) ? text : undefined;
}

/** `recordId` as a SQL expression over a bigint, for rows created by the million inside Postgres. */
export function recordIdSql(keyPrefix: string, number: Sql): Sql {
  const head = `${keyPrefix}${instance}`;
  const digit = (place: number) => sql`(${number} / ${62 ** place}::bigint % 62)::integer`;
  const capital = (place: number, bit: number) =>
    sql`CASE WHEN ${digit(place)} BETWEEN 10 AND 35 THEN ${1 << bit}::integer ELSE 0 END`;
  const letters = Array.from(
    { length: places },
    (_, i) => sql`substr(${digits}, 1 + ${digit(places - 1 - i)}, 1)`,
  );
  const [a, b, c, d, e, f, g, h, i] = letters;
  // Block two is the reserved zero and the first four digits, block three the last five.
  const second = sql`${capital(8, 1)} + ${capital(7, 2)} + ${capital(6, 3)} + ${capital(5, 4)}`;
  const third = sql`${capital(4, 0)} + ${capital(3, 1)} + ${capital(2, 2)} + ${capital(1, 3)} + ${capital(0, 4)}`;
  return sql`concat(${head}::text, '0', ${a}, ${b}, ${c}, ${d}, ${e}, ${f}, ${g}, ${h}, ${i}, ${check(head)}::text,
    substr(${checks}, 1 + ${second}, 1), substr(${checks}, 1 + ${third}, 1))`;
}
