import { sql } from '../lib/sql.ts';
import { type Answer, answer } from './answer.ts';
import type { Org } from './org.ts';

interface Person {
  Id: string;
  Username: string;
  Email: string;
  FirstName: string | null;
  LastName: string;
  IsActive: boolean;
  zone: string;
  locale: string;
  language: string;
  modified: string;
}

async function personOf(org: Org, userId: string): Promise<Person | undefined> {
  const [person] = await org.db.query<Person>(sql`
    SELECT "Id", "Username", "Email", "FirstName", "LastName", "IsActive", "TimeZoneSidKey" AS zone,
           "LocaleSidKey" AS locale, "LanguageLocaleKey" AS language,
           to_char("SystemModstamp" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS".000+0000"') AS modified
      FROM org."User" WHERE "Id" = ${userId}`);
  return person;
}

const fullName = ({ FirstName, LastName }: Person): string => [FirstName, LastName].filter(Boolean).join(' ');

/** Without a version asked for, the URLs hold the word `{version}`. */
function urlsOf(org: Org, userId: string, version = '{version}') {
  const data = `${org.url}/services/data/v${version}`;
  return {
    enterprise: `${org.url}/services/Soap/c/${version}/${org.id.slice(0, 15)}`,
    metadata: `${org.url}/services/Soap/m/${version}/${org.id.slice(0, 15)}`,
    partner: `${org.url}/services/Soap/u/${version}/${org.id.slice(0, 15)}`,
    rest: `${data}/`,
    sobjects: `${data}/sobjects/`,
    search: `${data}/search/`,
    query: `${data}/query/`,
    recent: `${data}/recent/`,
    profile: `${org.url}/${userId}`,
    custom_domain: org.url,
  };
}

const photosOf = (org: Org) => ({
  picture: `${org.url}/profilephoto/005/F`,
  thumbnail: `${org.url}/profilephoto/005/T`,
});

/** `GET /services/oauth2/userinfo`: who the token belongs to, in the words of OpenID. */
export async function userInfo(org: Org, userId: string): Promise<Answer> {
  const person = await personOf(org, userId);
  if (!person) return plainText(403, 'Bad_OAuth_Token');
  return answer(200, {
    sub: `${org.url}/id/${org.id}/${userId}`,
    user_id: userId,
    organization_id: org.id,
    preferred_username: person.Username,
    nickname: person.Username.split('@')[0],
    name: fullName(person),
    email: person.Email,
    email_verified: true,
    given_name: person.FirstName,
    family_name: person.LastName,
    zoneinfo: person.zone,
    photos: photosOf(org),
    profile: `${org.url}/${userId}`,
    picture: photosOf(org).picture,
    address: {},
    urls: urlsOf(org, userId),
    active: person.IsActive,
    user_type: 'STANDARD',
    language: person.language,
    locale: person.locale,
    utcOffset: 0,
    updated_at: person.modified,
  });
}

/** `GET /id/<org>/<user>`: the address that a token answer names as `id`. */
export async function identity(org: Org, userId: string, version: string | null): Promise<Answer> {
  const person = await personOf(org, userId);
  if (!person) return plainText(403, 'Bad_OAuth_Token');
  return answer(200, {
    id: `${org.url}/id/${org.id}/${userId}`,
    asserted_user: true,
    user_id: userId,
    organization_id: org.id,
    username: person.Username,
    nick_name: person.Username.split('@')[0],
    display_name: fullName(person),
    email: person.Email,
    email_verified: true,
    first_name: person.FirstName,
    last_name: person.LastName,
    timezone: person.zone,
    photos: photosOf(org),
    addr_street: null,
    mobile_phone: null,
    status: { created_date: null, body: null },
    urls: urlsOf(org, userId, version === 'latest' ? '68.0' : (version ?? undefined)),
    active: person.IsActive,
    user_type: 'STANDARD',
    language: person.language,
    locale: person.locale,
    utcOffset: 0,
    last_modified_date: person.modified,
    is_app_installed: true,
  });
}

/** These two addresses refuse a token in plain text, with 403. */
export const plainText = (status: number, body: string): Answer => ({
  status,
  headers: { 'Content-Type': 'text/plain;charset=UTF-8' },
  body,
});
