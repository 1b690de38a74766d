/** What can go wrong with Salesforce: signing in, limits, rights, descriptions, answers, the network. */
import type { FaultEntry } from './fault-entry.ts';

export const salesforceFaults = {
  'SF-01': {
    kind: 'needs-person',
    title: 'Salesforce no longer accepts the sign-in',
    explanation: 'The stored credential was refused ({reason}).',
    next: 'Fix the app or its user in Salesforce and run lockstep sync resume to try again, or replace the credential: lockstep help sync reauth',
  },
  'SF-02': {
    kind: 'transient',
    title: 'Salesforce refuses the session',
    explanation: 'The sign-in works, but {host} refuses requests with the new session ({reason}).',
    next: "A sync tries again by itself; a command or a proxied request has to be repeated. If it persists, check in Salesforce that the app's policies and its run-as user allow API access from this machine.",
  },
  'SF-03': {
    kind: 'needs-person',
    title: 'The app must be installed in the org first',
    explanation:
      'Since September 2025 users may not approve apps that are not installed in their org ({reason}).',
    next: 'Use an external client app that was made in this org: docs/connect.md',
  },
  'SF-04': {
    kind: 'needs-person',
    title: 'The user is not approved for this app',
    explanation: "Salesforce answered {reason}: the app's policy lets administrators approve its users.",
    next: "In the app's policies add the user's profile or permission set.",
  },
  'SF-05': {
    kind: 'needs-person',
    title: 'The callback address does not match',
    explanation: 'The app in Salesforce lists another callback address ({reason}).',
    next: 'Copy the callback address into the app; it takes up to ten minutes until Salesforce knows it.',
  },
  'SF-06': {
    kind: 'needs-person',
    title: 'This sign-in attempt is over',
    explanation:
      'Salesforce or Lockstep no longer knows it, or it was begun in another browser ({reason}). An attempt lasts ten minutes and works once.',
    next: 'Start the sign-in again, in one browser, and do not reload the page that Salesforce returns to.',
  },
  'SF-07': {
    kind: 'needs-person',
    title: 'Consumer key or secret is wrong',
    explanation: 'Salesforce answered {reason}.',
    next: 'Copy both again; it takes some minutes until Salesforce accepts a new app.',
  },
  'SF-08': {
    kind: 'needs-person',
    title: 'The signed assertion was refused',
    explanation: 'Salesforce answered {reason}.',
    next: "Upload this key's certificate to the app, check the user name, whether the org is a sandbox, and the clock of this machine.",
  },
  'SF-09': {
    kind: 'needs-person',
    title: 'This flow needs My Domain',
    explanation: 'Salesforce refuses it at its login hosts ({reason}).',
    next: "Use the org's My Domain address, https://NAME.my.salesforce.com.",
  },
  'SF-10': {
    kind: 'needs-person',
    title: 'The app has no run-as user',
    explanation: 'The client credentials flow needs one ({reason}).',
    next: "In the app's policies set the user to run as.",
  },
  'SF-11': {
    kind: 'needs-person',
    title: 'Access was declined',
    explanation: "Salesforce's consent page was answered with Deny, or closed ({reason}).",
    next: 'Start the sign-in again and choose Allow.',
  },
  'SF-12': {
    kind: 'needs-person',
    title: 'The app gives no refresh token',
    explanation:
      'It lacks a scope that the sync needs. With the access token alone the sync would stop when that expires.',
    next: "Add the scopes api and refresh_token (Perform requests at any time) to the app's OAuth settings, and sign in again.",
  },
  'SF-13': {
    kind: 'needs-person',
    title: 'The user is inactive',
    explanation: 'Salesforce knows the user or the org but lets it do nothing ({reason}).',
    next: 'Activate the user in Salesforce, or replace the credential: lockstep help sync reauth',
  },
  'ORG-01': {
    kind: 'needs-person',
    title: 'This is another org',
    explanation:
      'The credential belongs to org {org}, which is not the org of this sync. Nothing was written.',
    next: 'Sign in to the right org, or create a new sync.',
  },
  'ORG-02': {
    kind: 'needs-person',
    title: 'The org was replaced',
    explanation:
      'The credential of the sync now leads to org {org}: that is what a refresh of a sandbox does. Ids of the old org mean nothing there. No row was touched.',
    next: 'Copy the new org into the same tables, which keeps names, views and grants (lockstep help sync recopy), or sign in to the right org (lockstep help sync reauth).',
  },
  'ORG-03': {
    kind: 'transient',
    title: 'The org has a new address',
    explanation:
      'Salesforce has moved the org, whose id is the same. Its syncs and the proxy in front of them use the new address, and reading goes on where it was.',
    next: 'Nothing to do in Lockstep. Clients of the proxy that name the org in their address have to name the new one; firewalls have to let it through.',
  },
  'ORG-04': {
    kind: 'needs-person',
    title: 'Not a Salesforce address',
    explanation: '{host} is outside the allowed hosts.',
    next: "Use the org's My Domain address, https://NAME.my.salesforce.com; for a test org set LOCKSTEP_ALLOW_HOST, also for the server.",
  },
  'LIM-01': {
    kind: 'transient',
    title: 'API limit reached',
    explanation: 'The org has used up its API requests ({reason}); other apps are refused too.',
    next: 'Reading resumes by itself.',
  },
  'LIM-02': {
    kind: 'transient',
    title: 'Stop line reached',
    explanation:
      "All programs together have used the share of the org's daily requests at which this sync stops ({reason}). Nothing is lost; writes through the proxy still work.",
    next: 'Nothing to do: reading resumes by itself. To raise the line: lockstep budget set --stop-at 95',
  },
  'LIM-05': {
    kind: 'permanent',
    title: 'Budget out of range',
    explanation: '{reason} is not a budget that a sync can have.',
    next: 'Give one request every 0.2 s to 300 s, and a stop line from 10 to 100 %: lockstep budget set --every 3s --stop-at 90',
  },
  'LIM-06': {
    kind: 'transient',
    title: 'Asked to slow down',
    explanation: 'Salesforce answered {status}.',
    next: 'Nothing to do; the request is repeated later.',
  },
  'PERM-01': {
    kind: 'needs-person',
    title: 'The user may not use the API',
    explanation: 'Salesforce answers {reason}.',
    next: "Switch on API Enabled in a permission set of the sync's user; some editions of Salesforce have no API at all.",
  },
  'PERM-02': {
    kind: 'permanent',
    title: 'The object cannot be read',
    explanation: 'Salesforce refuses {stream} ({reason}). Its rows are kept as they are.',
    next: "Give the sync's user read access to it.",
  },
  'PERM-03': {
    kind: 'transient',
    title: 'The deleted log is refused',
    explanation:
      'Salesforce does not say which records of {stream} were deleted ({reason}). The daily sweep finds deletions that have left the recycle bin instead.',
    next: "Give the sync's user the right to view all data of the object.",
  },
  'PERM-05': {
    kind: 'needs-person',
    title: 'Many rows vanished at once',
    explanation:
      "Salesforce no longer shows {rows} rows of {stream} to the sync's user. None was removed from the mirror: a lost permission or a sharing rule looks the same as a deletion.",
    next: "Check the permissions of the sync's user. If the records are still in Salesforce: lockstep objects missing --keep {stream}; if they were deleted: lockstep objects missing --remove {stream}",
  },
  'PERM-06': {
    kind: 'permanent',
    title: 'The user may not view all data',
    explanation:
      'Salesforce refuses {stream} ({reason}): it gives all of it only to a user who may view all data. Its rows are kept as they are.',
    next: "Give the sync's user View All Data.",
  },
  'SCH-04': {
    kind: 'transient',
    title: 'Table changed by somebody else',
    explanation:
      'Somebody changed the table of {stream} ({reason}). Lockstep restores it as planned and reads its rows again.',
    next: 'Nothing to do. These tables belong to the sync; make changes in your own views or copies instead.',
  },
  'SCH-05': {
    kind: 'transient',
    title: 'Table cannot be restored',
    explanation: 'Somebody changed the table of {stream}, and {reason}. Its rows stay as they are.',
    next: 'Remove what is in the way (your own view, table or lock); Lockstep retries by itself.',
  },
  'SCH-06': {
    kind: 'permanent',
    title: 'Object cannot be mirrored',
    explanation: '{stream} {reason}.{more}',
    next: 'Leave it out.',
  },
  'SCH-08': {
    kind: 'permanent',
    title: 'Describe cannot be read',
    explanation: "Salesforce's description of {stream} has an unexpected form at {where}.",
    next: 'Please report it; other objects are not affected.',
  },
  'SCH-09': {
    kind: 'permanent',
    title: 'Unknown object',
    explanation: 'The org has no object {stream} that this user can see.{near}',
    next: 'Correct the name; nothing was created.',
  },
  'SCH-10': {
    kind: 'needs-person',
    title: 'A changed field waits for something of yours',
    explanation:
      'The type of {stream}.{field} has changed. Its new values are complete in the column {where}; {column} keeps the earlier ones, because it is used by {reason}.',
    next: 'Drop what uses it, or make it again on {where}; the new column then takes its name by itself.',
  },
  'SCH-11': {
    kind: 'transient',
    title: 'A changed field waits for queries',
    explanation: 'Fields of {stream} have changed. Its table cannot follow while it is in use ({reason}).',
    next: 'Nothing to do if these queries end; Lockstep tries again every few seconds, and rows are stored meanwhile.',
  },
  'SCH-12': {
    kind: 'needs-person',
    title: 'The object has another name',
    explanation: 'In Salesforce {stream} is called {near} now. Its table and its rows are kept as they are.',
    next: 'Add {near} (lockstep objects add) and remove {stream} (lockstep objects remove); queries then use the new table.',
  },
  'SCH-13': {
    kind: 'permanent',
    title: 'Parent object missing',
    explanation:
      'Salesforce gives {stream} only for given records of {where}, which the sync does not mirror.',
    next: 'Add {where} as well, or leave {stream} out.',
  },
  'DATA-03': {
    kind: 'transient',
    title: 'Incomplete answer discarded',
    explanation:
      'An answer from Salesforce was cut short or has an unexpected form at {where}; none of it was used.',
    next: 'Nothing to do; the request is repeated.',
  },
  'DATA-04': {
    kind: 'transient',
    title: 'Log of deletions has a gap',
    explanation:
      "Salesforce's log of deletions no longer reaches back to where {stream} was last read. Deletions from the time between may be missing from the mirror.",
    next: 'Nothing to do; all Ids of {stream} are compared, which finds them.',
  },
  'DATA-05': {
    kind: 'transient',
    title: 'Record counts differ',
    explanation:
      'For {rows} days of creation the mirror and Salesforce have different numbers of {stream} records, even after all of them were read again.',
    next: 'Check whether rows are set aside or missing: lockstep objects list. Otherwise read the object again: lockstep objects verify --level content {stream}',
  },
  'NET-01': {
    kind: 'transient',
    title: 'Salesforce does not answer',
    explanation: 'A request to {host} failed ({reason}).',
    next: 'A sync tries again by itself; a command or a proxied request has to be repeated. See status.salesforce.com.',
  },
  'NET-04': {
    kind: 'permanent',
    title: 'Redirect refused',
    explanation: '{host} redirected the request to another host; the token was not sent there.',
    next: "Use the org's current address.",
  },
  'VER-01': {
    kind: 'needs-person',
    title: 'No API version in common',
    explanation:
      "The newest version of Salesforce's API that the org serves is {reason}, which this Lockstep does not know.",
    next: 'Use a version of Lockstep that is as old or as new as the org.',
  },
  'VER-02': {
    kind: 'transient',
    title: 'The API version was retired',
    explanation:
      'Salesforce no longer serves the version that the sync used. The newest that both know has taken its place.',
    next: 'Nothing to do. The version is shown by lockstep sync show.',
  },
} as const satisfies Record<string, FaultEntry>;
