import type { Mirror } from 'lockstep/postgres';

/**
 * What a destination says of its tables in a world where nobody changes, locks or removes a table, hides a field or edits rows
 * by hand, no sobject refers to another, and nothing grows so old that it is deleted.
 */
export class UnchangedTables
  implements
    Pick<
      Mirror,
      | 'isAsPlanned'
      | 'isWritable'
      | 'lockHolders'
      | 'restoreTable'
      | 'leaveTable'
      | 'missingIndexes'
      | 'restoreIndex'
      | 'alignForeignKeys'
      | 'changeFields'
      | 'replaceColumn'
      | 'makeIndexesAgain'
      | 'recordDurableIds'
      | 'stopStream'
      | 'recountRows'
      | 'referencesOf'
      | 'rowsReferringTo'
      | 'readRepairs'
      | 'purgeOld'
    >
{
  async isAsPlanned() {
    return true;
  }

  async isWritable() {
    return true;
  }

  async lockHolders() {
    return null;
  }

  async restoreTable() {
    return null;
  }

  async leaveTable() {
    return false;
  }

  async missingIndexes() {
    return [];
  }

  async restoreIndex(): Promise<void> {}

  async alignForeignKeys(): Promise<void> {}

  async changeFields(): Promise<void> {}

  async replaceColumn() {
    return true;
  }

  async makeIndexesAgain(): Promise<void> {}

  async recordDurableIds(): Promise<void> {}

  async stopStream(): Promise<void> {}

  async recountRows(): Promise<void> {}

  async referencesOf() {
    return [];
  }

  async rowsReferringTo() {
    return [];
  }

  async readRepairs() {
    return [];
  }

  async purgeOld(): Promise<void> {}
}
