import type { FieldDef, SObjectDef, SObjects } from './schema.ts';

/** How sobjects are related: which fields point to one, and the name that leads to its children. */
interface Reference {
  child: SObjectDef;
  field: FieldDef;
}

/** By the name of the parent. A changed schema is a new map, so an entry never goes stale. */
const references = new WeakMap<SObjects, ReadonlyMap<string, readonly Reference[]>>();

export function referencesTo(sobjects: SObjects, parent: SObjectDef): readonly Reference[] {
  const known = references.get(sobjects) ?? referencesIn(sobjects);
  references.set(sobjects, known);
  return known.get(parent.name) ?? [];
}

function referencesIn(sobjects: SObjects): ReadonlyMap<string, readonly Reference[]> {
  const found = new Map<string, Reference[]>();
  for (const child of sobjects.values()) {
    for (const field of child.fields) {
      for (const name of field.referenceTo ?? []) {
        const ofParent = found.get(name) ?? [];
        found.set(name, ofParent);
        ofParent.push({ child, field });
      }
    }
  }
  return found;
}

/** The reference that a query follows by this name, in any case. */
export const relationshipNamed = (def: SObjectDef, name: string): FieldDef | undefined =>
  def.fields.find((field) => field.relationshipName?.toLowerCase() === name.toLowerCase());

/** Accounts have Contacts by Contact.AccountId; the many references to a user have no name. */
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
