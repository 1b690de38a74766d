/** What a mirror has of fields that it cannot have as they are. */

/** Why a field of this type has no column, as the predicate of a sentence about it; null: it has one. */
export function noColumnBecause(fieldType: string): string | null {
  switch (fieldType) {
    case 'address':
    case 'location':
      return 'is made of other fields, which have columns of their own';
    case 'encryptedstring':
      return 'is encrypted: Salesforce shows it masked to most users';
    default:
      return null;
  }
}

/** Why the mirror does not have the values of a field of this type, as such a predicate; null: it has them. */
export const noValueBecause = (fieldType: string): string | null =>
  fieldType === 'base64'
    ? 'is binary: its column has the address of the bytes, for a request to Salesforce'
    : noColumnBecause(fieldType);
