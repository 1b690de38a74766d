import type { Answer } from '../http/answer.ts';
import { methodNotAllowed } from '../http/errors.ts';
import type { Org } from '../org.ts';
import { versionMin } from '../rest/rest.ts';
import type { AuthRequest } from './auth-request.ts';
import { userOfPassword } from './passwords.ts';
import { fullName, personOf, soapUrl } from './people.ts';
import {
  clientFault,
  faultAnswer,
  parseCall,
  type SoapCall,
  SoapFault,
  soapAnswer,
} from './soap-envelope.ts';
import { issueAccess, revokeToken, sessionOf, sessionSeconds, sweepTokens } from './tokens.ts';

/**
 * `POST /services/Soap/u/<version>` and `…/c/<version>`: the calls by which SOAP clients sign in and out. Every error
 * is answered as a fault.
 */
const apis: ReadonlyMap<string | undefined, string> = new Map([
  ['u', 'partner'],
  ['c', 'enterprise'],
]);

/** Later versions have no login call. */
const loginVersionMax = 64;

interface SoapRequest {
  org: Org;
  call: SoapCall;
  kind: 'u' | 'c';
  /** As in the URL: `58.0`. */
  version: string;
}

const calls: ReadonlyMap<string, (request: SoapRequest) => Promise<Answer>> = new Map([
  ['login', login],
  ['logout', logout],
]);

/** Undefined for a URL of another SOAP API. */
export async function soap(org: Org, request: AuthRequest): Promise<Answer | undefined> {
  const [, , kind, version = ''] = request.path;
  const api = apis.get(kind);
  if (api === undefined) return undefined;
  if (request.method !== 'POST') throw methodNotAllowed(request.method, ['POST']);
  try {
    if (request.headers.soapaction === undefined) throw clientFault('SOAPAction HTTP header missing');
    const call = parseCall(request.body.toString());
    const run = call.namespace === `urn:${api}.soap.sforce.com` ? calls.get(call.name) : undefined;
    if (!run)
      throw clientFault(
        `No operation available for request {${call.namespace}}${call.name}, please check the WSDL for the service.`,
      );
    return await run({ org, call, kind: kind === 'u' ? 'u' : 'c', version });
  } catch (error) {
    if (error instanceof SoapFault) return faultAnswer(error, api);
    throw error;
  }
}

function checkVersion(version: string): void {
  const number = /^\d{1,3}\.0$/.test(version) ? Number(version) : 0;
  if (number < versionMin || number > loginVersionMax)
    throw new SoapFault(
      'UNSUPPORTED_API_VERSION',
      'Invalid Api version specified on URL',
      'UnexpectedErrorFault',
    );
}

async function login({ org, call, kind, version }: SoapRequest): Promise<Answer> {
  checkVersion(version);
  const userId = await userOfPassword(org, call.argument('username') ?? '', call.argument('password') ?? '');
  const person = userId === undefined ? undefined : await personOf(org, userId);
  if (!person)
    throw new SoapFault(
      'INVALID_LOGIN',
      'Invalid username, password, security token; or user locked out.',
      'LoginFault',
    );
  await sweepTokens(org);
  const facts = { clientId: null, userId: person.Id, scopes: ['full'] };
  return soapAnswer(call, {
    metadataServerUrl: soapUrl(org, 'm', version),
    passwordExpired: false,
    sandbox: false,
    serverUrl: soapUrl(org, kind, version),
    sessionId: await issueAccess(org.db, org, facts),
    userId: person.Id,
    userInfo: {
      accessibilityMode: false,
      chatterExternal: false,
      currencySymbol: '$',
      orgAttachmentFileSizeLimit: 5_242_880,
      orgDefaultCurrencyIsoCode: 'USD',
      orgDefaultCurrencyLocale: 'en_US',
      orgDisallowHtmlAttachments: false,
      orgHasPersonAccounts: false,
      organizationId: org.id,
      organizationMultiCurrency: false,
      organizationName: 'Simulated Org',
      profileId: person.ProfileId,
      roleId: person.UserRoleId,
      sessionSecondsValid: sessionSeconds,
      userDefaultCurrencyIsoCode: null,
      userEmail: person.Email,
      userFullName: fullName(person),
      userId: person.Id,
      userLanguage: person.language,
      userLocale: person.locale,
      userName: person.Username,
      userTimeZone: person.zone,
      userType: person.UserType,
      userUiSkin: 'Theme3',
    },
  });
}

async function logout({ org, call }: SoapRequest): Promise<Answer> {
  const token = call.header('SessionHeader', 'sessionId') ?? '';
  if (!(await sessionOf(org, token)))
    throw new SoapFault(
      'INVALID_SESSION_ID',
      'Invalid Session ID found in SessionHeader: Illegal Session',
      'UnexpectedErrorFault',
    );
  await revokeToken(org, token);
  return soapAnswer(call);
}
