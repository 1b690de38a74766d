import { z } from 'zod';
import type { Org } from '../org.ts';
import { isPermissionable } from '../rest/describe-field.ts';
import { setPrivate, setRights, userRights } from '../schema/access.ts';
import { fieldNamed } from '../schema/schema.ts';
import { type EndpointGroup, endpoint, sobjectNamed, userIdOf } from './control-endpoint.ts';
import { ControlError } from './control-error.ts';
import { userName } from './named-in-requests.ts';

/** What users may see and do. */
function checkPermission(org: Org, permission: string): void {
  if (!fieldNamed(sobjectNamed(org, 'UserPermissionAccess'), `Permissions${permission}`))
    throw new ControlError(404, `There is no permission ${JSON.stringify(permission)}`);
}

function checkField(org: Org, path: string, isRead: boolean): void {
  const [sobject = '', name = ''] = path.split('.');
  const def = sobjectNamed(org, sobject);
  const field = fieldNamed(def, name);
  if (!field) throw new ControlError(404, `${def.name} has no field ${JSON.stringify(name)}`);
  if (!isRead && !isPermissionable(field))
    throw new ControlError(400, `${def.name}.${field.name} cannot be hidden: every user needs it`);
}

export const rightsEndpoints: EndpointGroup = {
  title: 'Rights',
  about:
    "The sum of a user's profile and permission sets. An object or field that the user may not read does not exist for that user: describe leaves it out, and a query of it fails.",
  endpoints: [
    endpoint({
      path: '/users/rights',
      does: 'Replaces all rights of a user; what is left out is allowed.',
      body: z.strictObject({ user: userName, ...userRights.shape }),
      example: {
        user: 'integration',
        viewAllData: false,
        permissions: { ViewSetup: false },
        objects: { Lead: { read: false } },
        fields: { 'Account.Industry': { read: false }, 'Account.Name': { edit: false } },
      },
      run(org, { user, ...rights }) {
        for (const name of Object.keys(rights.objects)) sobjectNamed(org, name);
        for (const name of Object.keys(rights.permissions)) checkPermission(org, name);
        for (const [name, may] of Object.entries(rights.fields)) checkField(org, name, may.read);
        return setRights(org, userIdOf(org, user), rights);
      },
    }),
    endpoint({
      path: '/sobjects/sharing',
      does: 'Makes the records of an object private: without View All Data a user only sees their own records and those shared with them.',
      body: z.strictObject({ sobject: z.string(), private: z.boolean() }),
      example: { sobject: 'Account', private: true },
      run: (org, body) => setPrivate(org, sobjectNamed(org, body.sobject), body.private),
    }),
  ],
};
