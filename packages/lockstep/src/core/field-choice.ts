/** Which fields of its objects a sync mirrors: all but those that a person leaves out. */
import type { Describe } from './describe.ts';

/** Two names with `*` for any characters, in any letter case: `Account.Description`, `*.Secret__c`, `Case.*_Internal__c`. */
const pattern = /^[\w*]{1,100}\.[\w*]{1,100}$/;

/** Without them a record cannot be told from others, followed or known to be deleted. */
const needed = new Set(
  ['Id', 'IsDeleted', 'SystemModstamp', 'LastModifiedDate', 'CreatedDate', 'LoginTime'].map((name) =>
    name.toLowerCase(),
  ),
);

/** Such a field cannot be left out. */
export const isNeeded = (field: string): boolean => needed.has(field.toLowerCase());

/** Why the pattern cannot be used, as a sentence; null: it can. */
export function unfitPattern(text: string): string | null {
  if (!pattern.test(text)) return `${JSON.stringify(text)} is not OBJECT.FIELD, with * for any characters`;
  const [, field = ''] = text.split('.');
  return isNeeded(field) ? `${field} cannot be left out: the sync needs it` : null;
}

/** Whether any of the patterns names the field. Fields that every sync needs are never left out. */
export function isLeftOut(patterns: readonly string[], sobject: string, field: string): boolean {
  if (isNeeded(field)) return false;
  return patterns.some((one) => expressionOf(one).test(`${sobject}.${field}`));
}

const expressionOf = (one: string): RegExp =>
  new RegExp(`^${one.replaceAll('.', '\\.').replaceAll('*', '[^.]*')}$`, 'i');

/** The object without the fields that are left out. */
export const withoutLeftOut = <Object extends Pick<Describe, 'name' | 'fields'>>(
  describe: Object,
  patterns: readonly string[],
): Object => ({
  ...describe,
  fields: describe.fields.filter(({ name }) => !isLeftOut(patterns, describe.name, name)),
});

export interface FieldChoice {
  leftOut: readonly string[];
  /** Another version may have other fields. */
  apiVersion: string;
}

/** Equal as long as a description leads to the same columns. */
export const fieldChoiceKey = ({ leftOut, apiVersion }: FieldChoice): string =>
  [apiVersion, ...leftOut.map((one) => one.toLowerCase()).toSorted()].join(' ');
