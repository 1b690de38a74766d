import type { Answer } from '../http/answer.ts';
import { fromStored } from '../write/stored-text.ts';
import type { App } from './apps.ts';
import type { Scopes } from './scopes.ts';
import { escapeXml } from './xml-text.ts';

/** The pages that a browser shows while its user approves an app: plain forms without script. */
const headers = {
  'Content-Type': 'text/html;charset=UTF-8',
  'Cache-Control': 'no-store',
  // No form-action: browsers apply it to the redirect to the app as well.
  'Content-Security-Policy': "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
  'X-Frame-Options': 'DENY',
  'X-Content-Type-Options': 'nosniff',
  // The URL contains the app's parameters, which no other site should see.
  'Referrer-Policy': 'no-referrer',
};

/** What each scope lets an app do, in the words of the consent page. */
const scopeTexts: Record<string, string> = {
  api: 'Manage user data via APIs',
  web: 'Manage user data via Web browsers',
  full: 'Full access',
  refresh_token: 'Perform requests at any time',
  offline_access: 'Perform requests at any time',
  id: 'Access the identity URL service',
  openid: 'Access unique user identifiers',
  profile: 'Access your basic information',
  email: 'Access your email address',
};

function page(status: number, title: string, content: string, cookie?: string): Answer {
  const html = `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>${escapeXml(title)}</title></head>
<body><h1>${escapeXml(title)}</h1>
${content}
</body></html>
`;
  return { status, headers: { ...headers, ...(cookie && { 'Set-Cookie': cookie }) }, body: html };
}

const form = (requestKey: string, fields: string): string =>
  `<form method="post" action="/services/oauth2/authorize">
<input type="hidden" name="request" value="${escapeXml(requestKey)}">
${fields}
</form>`;

/** @param key  identifies the sign-in in the form; only valid together with the browser's cookie */
export function loginPage(key: string, username: string, isRefused: boolean, cookie?: string): Answer {
  const refusal =
    "Please check your username and password. If you still can't log in, contact your Salesforce administrator.";
  const fields = `${isRefused ? `<p role="alert">${escapeXml(refusal)}</p>\n` : ''}\
<p><label>Username <input name="username" value="${escapeXml(username)}" autocomplete="username" required></label></p>
<p><label>Password <input name="password" type="password" autocomplete="current-password" required></label></p>
<p><button type="submit">Log In</button></p>`;
  return page(200, 'Login', form(key, fields), cookie);
}

export function consentPage(key: string, app: App, scopes: Scopes, username: string): Answer {
  const list = scopes.map((one) => `<li>${escapeXml(scopeTexts[one] ?? one)}</li>`).join('\n');
  const fields = `<p>${escapeXml(app.name)} is asking to:</p>
<ul>
${list}
</ul>
<p>Do you want to allow access for ${escapeXml(fromStored(username))}?</p>
<p><button type="submit" name="decision" value="deny">Deny</button>
<button type="submit" name="decision" value="allow">Allow</button></p>`;
  return page(200, 'Allow Access?', form(key, fields));
}

/** Where a device's user enters the code that the device shows. */
export const connectPage = (isRefused: boolean): Answer =>
  page(
    200,
    'Connect Your Device',
    `${isRefused ? '<p role="alert">Enter a valid code.</p>\n' : ''}\
<form method="get" action="/setup/connect">
<p><label>Code <input name="user_code" autocomplete="off" required></label></p>
<p><button type="submit">Connect</button></p>
</form>`,
  );

/** The end of a device's sign-in; the device fetches its tokens itself. */
export const devicePage = (says: string): Answer =>
  page(200, 'Connect Your Device', `<p>${escapeXml(says)}</p>`);

/** For a form that was sent too late, twice, or from another site. */
export const lostPage = (): Answer =>
  page(400, 'Login', '<p>This login has expired. Return to the app and start again.</p>');
