import { sql } from '@lockstep/foundation/sql';
import type { Org } from '../org.ts';
import { versionMax } from '../rest/rest.ts';

/** What sign-in tells about users: at the identity URL, to OpenID clients and in a SOAP login. */
export interface Person {
  Id: string;
  Username: string;
  Email: string;
  FirstName: string | null;
  LastName: string;
  MobilePhone: string | null;
  IsActive: boolean;
  ProfileId: string;
  UserRoleId: string | null;
  UserType: string;
  nickname: string | null;
  zone: string;
  locale: string;
  language: string;
  /** ISO, to the second. */
  modified: string;
}

/** Texts are as stored: a JSON answer passes them on, any other must convert them back. */
export async function personOf(org: Pick<Org, 'db'>, userId: string): Promise<Person | undefined> {
  const [person] = await org.db.query<Person>(sql`
    SELECT "Id", "Username", "Email", "FirstName", "LastName", "MobilePhone", "IsActive", "ProfileId", "UserRoleId",
           "UserType", "CommunityNickname" AS nickname, "TimeZoneSidKey" AS zone, "LocaleSidKey" AS locale,
           "LanguageLocaleKey" AS language,
           to_char("SystemModstamp" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS modified
      FROM org."User" WHERE "Id" = ${userId}`);
  return person;
}

/** A user's URL, which is also the subject by which OpenID clients know the user. */
export const identityUrl = (org: Org, userId: string): string => `${org.url}/id/${org.id}/${userId}`;

export const fullName = ({ FirstName, LastName }: Person): string =>
  [FirstName, LastName].filter(Boolean).join(' ');

export const nicknameOf = ({ nickname, Username }: Person): string =>
  nickname ?? Username.split('@')[0] ?? Username;

export const latestVersion = `${versionMax}.0`;

/** If no version is requested, the URLs contain the word `{version}`. */
export function urlsOf(org: Org, userId: string, version = '{version}') {
  const data = `${org.url}/services/data/v${version}`;
  return {
    enterprise: soapUrl(org, 'c', version),
    metadata: soapUrl(org, 'm', version),
    partner: soapUrl(org, 'u', version),
    rest: `${data}/`,
    sobjects: `${data}/sobjects/`,
    search: `${data}/search/`,
    query: `${data}/query/`,
    recent: `${data}/recent/`,
    profile: `${org.url}/${userId}`,
    custom_domain: org.url,
  };
}

export const soapUrl = (org: Org, kind: 'c' | 'm' | 'u', version: string): string =>
  `${org.url}/services/Soap/${kind}/${version}/${org.id.slice(0, 15)}`;

export const photosOf = (org: Org) => ({
  picture: `${org.url}/profilephoto/005/F`,
  thumbnail: `${org.url}/profilephoto/005/T`,
});

/** A time zone's UTC offset in ms in winter: Salesforce leaves out daylight saving. 0 for an unknown zone. */
export function utcOffset(zone: string, now: number): number {
  const year = new Date(now).getUTCFullYear();
  try {
    return Math.min(...[0, 6].map((month) => offsetAt(zone, Date.UTC(year, month, 1))));
  } catch {
    return 0;
  }
}

/** @throws RangeError for a zone that is not in the list */
function offsetAt(zone: string, instant: number): number {
  const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' });
  const name = format.formatToParts(instant).find(({ type }) => type === 'timeZoneName')?.value ?? '';
  const [, sign, hours = '0', minutes = '0'] = /^GMT([+-])(\d\d):(\d\d)$/.exec(name) ?? [];
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
}
