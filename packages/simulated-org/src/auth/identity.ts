import { type Answer, answer } from '../http/answer.ts';
import { methodNotAllowed } from '../http/errors.ts';
import type { Org } from '../org.ts';
import { parseId } from '../write/ids.ts';
import { type AuthRequest, bearerOf, formOf } from './auth-request.ts';
import { formatOf, plainText, xmlAnswer } from './oauth-answer.ts';
import {
  fullName,
  identityUrl,
  latestVersion,
  nicknameOf,
  type Person,
  personOf,
  photosOf,
  urlsOf,
  utcOffset,
} from './people.ts';
import { type Session, sessionOf } from './tokens.ts';
import { element, type XmlValue } from './xml-text.ts';

/** The two URLs that tell a client whom its token belongs to. They refuse in plain text. */
async function tokenOwner(org: Org, request: AuthRequest): Promise<Session | Answer> {
  if (request.method !== 'GET' && request.method !== 'POST')
    throw methodNotAllowed(request.method, ['GET', 'HEAD', 'POST']);
  const form = formOf(request);
  const token =
    bearerOf(request.headers.authorization) ?? form.get('oauth_token') ?? form.get('access_token');
  if (!token) return plainText(403, 'Missing_OAuth_Token');
  return (await sessionOf(org, token)) ?? plainText(403, 'Bad_OAuth_Token');
}

/** `/services/oauth2/userinfo`: the user as OpenID claims. */
export async function userInfo(org: Org, request: AuthRequest): Promise<Answer> {
  const holder = await tokenOwner(org, request);
  if ('status' in holder) return holder;
  const person = await personOf(org, holder.userId);
  if (!person) return plainText(403, 'Bad_OAuth_Token');
  return answer(200, {
    sub: identityUrl(org, person.Id),
    user_id: person.Id,
    organization_id: org.id,
    ...openIdClaims(org, person),
    photos: photosOf(org),
    urls: urlsOf(org, person.Id),
    active: person.IsActive,
    user_type: person.UserType.toUpperCase(),
    language: person.language,
    utcOffset: utcOffset(person.zone, org.clock.now()),
  });
}

/** The claims about a person that an id token contains too. */
export const openIdClaims = (org: Org, person: Person) => ({
  preferred_username: person.Username,
  nickname: nicknameOf(person),
  name: fullName(person),
  email: person.Email,
  email_verified: true,
  given_name: person.FirstName,
  family_name: person.LastName,
  zoneinfo: person.zone,
  profile: `${org.url}/${person.Id}`,
  picture: photosOf(org).picture,
  address: {},
  locale: person.locale,
  updated_at: person.modified,
});

/** `/id/<org>/<user>`: the URL that a token answer gives as `id`. */
export async function identity(org: Org, request: AuthRequest): Promise<Answer> {
  const holder = await tokenOwner(org, request);
  if ('status' in holder) return holder;
  const [, orgId = '', userId = '', ...more] = request.path;
  const [namedOrg, namedUser] = [parseId(orgId), parseId(userId)];
  if (!namedOrg || !namedUser || more.length > 0) return plainText(404, 'Bad_Id');
  if (namedOrg !== org.id) return plainText(403, 'Wrong_Org');
  if (namedUser !== holder.userId) return plainText(404, 'No_Access');
  const version = formOf(request).get('version');
  if (version !== null && version !== 'latest' && !/^\d{1,3}(\.\d)?$/.test(version))
    return plainText(406, 'Invalid_Version');
  const person = await personOf(org, namedUser);
  if (!person) return plainText(404, 'Bad_Id');
  const fields = identityFields(org, person, version);
  if (formatOf(request) !== 'xml') return answer(200, fields);
  const xml = element('user', fields).replace(
    '<user>',
    '<user xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">',
  );
  return xmlAnswer(200, xml);
}

function identityFields(
  org: Org,
  person: Person,
  version: string | null,
): Readonly<Record<string, XmlValue>> {
  const named = version !== null && !version.includes('.') ? `${version}.0` : (version ?? undefined);
  return {
    id: identityUrl(org, person.Id),
    asserted_user: true,
    user_id: person.Id,
    organization_id: org.id,
    username: person.Username,
    nick_name: nicknameOf(person),
    display_name: fullName(person),
    email: person.Email,
    email_verified: true,
    first_name: person.FirstName,
    last_name: person.LastName,
    timezone: person.zone,
    photos: photosOf(org),
    addr_street: null,
    addr_city: null,
    addr_state: null,
    addr_country: null,
    addr_zip: null,
    mobile_phone: person.MobilePhone,
    mobile_phone_verified: false,
    status: { created_date: null, body: null },
    urls: urlsOf(org, person.Id, version === 'latest' ? latestVersion : named),
    active: person.IsActive,
    user_type: person.UserType.toUpperCase(),
    language: person.language,
    locale: person.locale,
    utcOffset: utcOffset(person.zone, org.clock.now()),
    last_modified_date: person.modified.replace('Z', '.000+0000'),
    is_app_installed: true,
  };
}
