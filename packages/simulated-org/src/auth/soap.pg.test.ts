import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { startOrg } from '@lockstep/harness/org';
import { apiStatus } from '@lockstep/harness/sign-in';
import { setPassword } from './passwords.ts';

const org = await startOrg({ records: 100 });
after(() => org[Symbol.asyncDispose]());

const { demo } = org.credentials;
const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

async function post(body: string, path = 'u/58.0', headers: Record<string, string> = { SOAPAction: '""' }) {
  const {
    status,
    headers: given,
    text,
  } = await org.request('POST', `/services/Soap/${path}`, {
    token: null,
    body,
    headers: { 'Content-Type': 'text/xml', ...headers },
  });
  const value = (name: string) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1];
  return { status, type: given.get('content-type') ?? '', text, value };
}

const envelope = (body: string, header = '') =>
  `<?xml version="1.0" encoding="utf-8"?><se:Envelope xmlns:se="http://schemas.xmlsoap.org/soap/envelope/">` +
  `<se:Header>${header}</se:Header><se:Body>${body}</se:Body></se:Envelope>`;

const login = (username: string, password: string, namespace = 'urn:partner.soap.sforce.com') =>
  envelope(
    `<login xmlns="${namespace}"><username>${escaped(username)}</username>` +
      `<password>${escaped(password)}</password></login>`,
  );

const clientFault = (text: string) =>
  '<?xml version="1.0" encoding="UTF-8"?>' +
  '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body><soapenv:Fault>' +
  `<faultcode>soapenv:Client</faultcode><faultstring>${text}</faultstring>` +
  '</soapenv:Fault></soapenv:Body></soapenv:Envelope>';

const invalidLogin = (api: string) =>
  '<?xml version="1.0" encoding="UTF-8"?>' +
  '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"' +
  ` xmlns:sf="urn:fault.${api}.soap.sforce.com" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">` +
  '<soapenv:Body><soapenv:Fault><faultcode>sf:INVALID_LOGIN</faultcode>' +
  '<faultstring>INVALID_LOGIN: Invalid username, password, security token; or user locked out.</faultstring>' +
  '<detail><sf:LoginFault xsi:type="sf:LoginFault"><sf:exceptionCode>INVALID_LOGIN</sf:exceptionCode>' +
  '<sf:exceptionMessage>Invalid username, password, security token; or user locked out.</sf:exceptionMessage>' +
  '</sf:LoginFault></detail></soapenv:Fault></soapenv:Body></soapenv:Envelope>';

test('a partner client logs in and gets a session that works in the REST API', async () => {
  const { status, type, value, text } = await post(login(demo.username, demo.password));
  assert.equal(status, 200);
  assert.match(type, /^text\/xml/);
  assert.match(text, /<soapenv:Body><loginResponse><result><metadataServerUrl>/);
  assert.equal(value('serverUrl'), `${org.url}/services/Soap/u/58.0/${org.orgId.slice(0, 15)}`);
  assert.equal(value('organizationId'), org.orgId);
  assert.match(value('userId') ?? '', /^005\w{15}$/);
  assert.deepEqual([value('passwordExpired'), value('sandbox')], ['false', 'false']);
  assert.equal(value('userName'), demo.username);
  assert.equal(await apiStatus(org, value('sessionId')), 200);
});

test('an enterprise client does the same in its own namespace', async () => {
  const body = login(demo.username, demo.password + demo.securityToken, 'urn:enterprise.soap.sforce.com');
  const { status, text, value } = await post(body, 'c/42.0');
  assert.equal(status, 200);
  assert.ok(text.includes(' xmlns="urn:enterprise.soap.sforce.com"'));
  assert.match(value('serverUrl') ?? '', /\/services\/Soap\/c\/42\.0\//);
  assert.equal(await apiStatus(org, value('sessionId')), 200);
});

test('namespace prefixes, character references and CDATA sections are read as XML', async () => {
  const body =
    '<env:Envelope xmlns:env="http://schemas.xmlsoap.org/soap/envelope/" xmlns:urn="urn:partner.soap.sforce.com">' +
    '<env:Header><urn:CallOptions><urn:client>RestForce</urn:client></urn:CallOptions></env:Header><!-- x -->' +
    `<env:Body><n1:login xmlns:n1="urn:partner.soap.sforce.com"><n1:username>&#x64;${demo.username.slice(1)}` +
    `</n1:username><n1:password><![CDATA[${demo.password}]]></n1:password></n1:login></env:Body></env:Envelope>`;
  assert.equal(demo.username[0], 'd');
  assert.equal((await post(body)).status, 200);
});

test("a failed login is a fault with Salesforce's exact text", async () => {
  for (const [username, password] of [
    [demo.username, 'wrong'],
    [demo.username, ''],
    ['nobody@example.com', demo.password],
  ] as const) {
    const { status, type, text } = await post(login(username, password));
    assert.equal(status, 500);
    assert.match(type, /^text\/xml/);
    assert.equal(text, invalidLogin('partner'));
  }
  const bare = await post(envelope('<login xmlns="urn:enterprise.soap.sforce.com"/>'), 'c/58.0');
  assert.equal(bare.text, invalidLogin('enterprise'));
});

test('every version from 31.0 to 64.0 has a login', async () => {
  for (const version of ['31.0', '64.0'])
    assert.equal((await post(login(demo.username, demo.password), `u/${version}`)).status, 200, version);
});

test('a version without login is refused with an error that says so', async () => {
  for (const version of ['65.0', '99.0', '30.0', 'x', '58.5']) {
    const { status, value } = await post(login(demo.username, demo.password), `u/${version}`);
    assert.equal(status, 500);
    assert.equal(value('faultcode'), 'sf:UNSUPPORTED_API_VERSION');
    assert.equal(value('faultstring'), 'UNSUPPORTED_API_VERSION: Invalid Api version specified on URL');
  }
});

test('a malformed call is a client fault', async () => {
  const entities =
    '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;"><!ENTITY f SYSTEM "file:///etc/passwd">]>' +
    login('&b;', '&f;').replace(/^<\?[^>]*\?>/, '');
  const cases: [body: string, faultstring: string | RegExp][] = [
    ['', 'Premature end of file.'],
    ['   ', 'Premature end of file.'],
    ['{"username": "x"}', /./],
    ['<a><b></a>', /Missing end tag/],
    ['<a/>', /SOAP envelope/],
    ['<Envelope><Body/></Envelope>', /SOAP envelope/],
    [envelope(''), /one call/],
    [login('x', 'y').replace('</login>', '</login><login/>'), /one call/],
    [login('x', 'y').replace('<username>', '<username>&undefined;'), /./],
    [login('x', 'y').replace('<username>', '<username>\0'), /./],
    [entities, 'A request must not declare a document type.'],
    ['<a>'.repeat(80_000), /./],
    [`<a ${'b="" '.repeat(2)}/>`, /./],
    [
      envelope('<drop xmlns="urn:partner.soap.sforce.com"/>'),
      'No operation available for request {urn:partner.soap.sforce.com}drop, please check the WSDL for the service.',
    ],
    [
      login('x', 'y', 'urn:enterprise.soap.sforce.com'),
      'No operation available for request {urn:enterprise.soap.sforce.com}login, please check the WSDL for the service.',
    ],
  ];
  for (const [body, faultstring] of cases) {
    const { status, text, value } = await post(body);
    assert.equal(status, 500, body.slice(0, 100));
    assert.equal(value('faultcode'), 'soapenv:Client');
    if (typeof faultstring === 'string') assert.equal(text, clientFault(faultstring));
    else assert.match(value('faultstring') ?? '', faultstring);
  }
  const silent = await post(login(demo.username, demo.password), 'u/58.0', {});
  assert.equal(silent.text, clientFault('SOAPAction HTTP header missing'));
  assert.equal((await post('x'.repeat(300_000))).status, 413);
  assert.equal((await org.request('GET', '/services/Soap/u/58.0', { token: null })).status, 405);
});

test('a session is logged out by its own id', async () => {
  const session = (await post(login(demo.username, demo.password))).value('sessionId') ?? '';
  const header = `<SessionHeader xmlns="urn:partner.soap.sforce.com"><sessionId>${session}</sessionId></SessionHeader>`;
  const logout = envelope('<logout xmlns="urn:partner.soap.sforce.com"/>', header);

  const { status, text } = await post(logout);
  assert.equal(status, 200);
  assert.match(text, /<soapenv:Body><logoutResponse\/><\/soapenv:Body>/);
  assert.equal(await apiStatus(org, session), 401);
  const again = await post(logout);
  assert.equal(again.status, 500);
  assert.equal(again.value('faultcode'), 'sf:INVALID_SESSION_ID');
});

test('several users sign in, each with their own password, which can be changed', async () => {
  const [other] = await org.db.query<{ id: string; username: string }>(sql`
    SELECT "Id" AS id, "Username" AS username FROM org."User" WHERE "Username" <> ${demo.username}
     ORDER BY "Id" DESC LIMIT 1`);
  const { id = '', username = '' } = other ?? {};
  const password = `p<&ö😀"'\0]]>`;
  const token = await setPassword(org, id, password);
  const written = escaped(password).replaceAll('\0', '').replaceAll(']]>', ']]&gt;');
  assert.equal((await post(login(username, 'x').replace('>x<', `>${written}<`))).status, 500);

  await setPassword(org, id, 'p<&ö');
  assert.equal((await post(login(username, 'p<&ö'))).status, 200);
  assert.equal((await post(login(username, `p<&ö${token}`))).status, 500, 'the old security token is gone');
  await assert.rejects(setPassword(org, '005000000000001AAA', 'x'), { name: 'OrgError' });
  await assert.rejects(setPassword(org, id, ''), { name: 'OrgError' });
  await assert.rejects(setPassword(org, id, 'x'.repeat(1025)), { name: 'OrgError' });
});

test('a deactivated user cannot log in', async () => {
  const set = (on: boolean) =>
    org.db.query(sql`UPDATE org."User" SET "IsActive" = ${on} WHERE "Username" = ${demo.username}`);
  await set(false);
  const { text } = await post(login(demo.username, demo.password));
  await set(true);
  assert.equal(text, invalidLogin('partner'));
});
