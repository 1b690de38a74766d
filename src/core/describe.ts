/** Salesforce's description of one sobject, as far as the mirror needs it. */
export interface Describe {
  name: string;
  label: string;
  custom: boolean;
  queryable: boolean;
  fields: readonly DescribeField[];
}

export interface DescribeField {
  name: string;
  label: string;
  /** Open on purpose: Salesforce adds types, and the table plan decides about unknown ones. */
  type: string;
  calculated: boolean;
}
