import type { OrgField } from '../contract/org-objects.ts';
import { isLeftOut, isNeeded } from '../core/field-choice.ts';
import { noValueBecause } from '../core/field-notes.ts';
import { sqlTypeOf } from '../postgres/index.ts';
import type { Salesforce } from '../salesforce/index.ts';
import { describeAll } from './describe-all.ts';

/**
 * The fields of an object that the sync's user can see, and what becomes of each.
 *
 * @param leftOut  the patterns of the sync
 * @throws Fault `SCH-09`: the org has no such object
 */
export async function fieldsOfOrgObject(
  salesforce: Salesforce,
  sobject: string,
  leftOut: readonly string[],
  signal: AbortSignal,
): Promise<{ sobject: string; fields: OrgField[] }> {
  const [describe] = await describeAll(salesforce, [{ name: sobject.trim(), field: 'object' }], null, signal);
  const { name: object = sobject, fields = [] } = describe ?? {};
  return {
    sobject: object,
    fields: fields.map(({ name, label, type }) => {
      const sqlType = sqlTypeOf(type);
      const isChosen = sqlType !== undefined && !isLeftOut(leftOut, object, name);
      const unchosen = sqlType === undefined ? 'no column' : 'left out';
      return {
        field: name,
        label,
        type,
        column_type: isChosen ? sqlType : null,
        state: isChosen ? 'mirrored' : unchosen,
        note: noValueBecause(type) ?? (isNeeded(name) ? 'cannot be left out: the sync needs it' : null),
      };
    }),
  };
}
