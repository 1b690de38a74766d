import type { FieldDef, SObjectDef, SObjects } from './schema.ts';

/** How sobjects hang together: which fields point to one, and by which name its children are reached. */
interface Reference {
  child: SObjectDef;
  field: FieldDef;
}

export const referencesTo = (sobjects: SObjects, parent: SObjectDef): Reference[] =>
  [...sobjects.values()].flatMap((child) =>
    child.fields
      .filter((field) => field.referenceTo?.includes(parent.name))
      .map((field) => ({ child, field })),
  );

/** Accounts have Contacts by Contact.AccountId; for the many references to a user there is no name. */
export function relationshipToChildren({ child, field }: Reference, parent: SObjectDef): string | null {
  if (field.childRelationshipName !== undefined) return field.childRelationshipName;
  const points = field.name.replace(/(Id|__c)$/, '') === parent.name.replace('__c', '');
  if (!points) return null;
  const plural = child.labelPlural.replaceAll(' ', '_');
  return child.custom ? `${plural}__r` : plural;
}

export const childrenNamed = (sobjects: SObjects, parent: SObjectDef, name: string): Reference | undefined =>
  referencesTo(sobjects, parent).find(
    (reference) => relationshipToChildren(reference, parent)?.toLowerCase() === name.toLowerCase(),
  );
