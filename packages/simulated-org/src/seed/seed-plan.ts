import { sobjects } from '../objects/index.ts';
import { caseStatuses } from '../objects/picklists.ts';
import { apexPages, bookNames, groups, profileNames, regions, roleNames } from './seed-words.ts';

/** How many records a new org has of each sobject, and their numbers. */
export interface SeedPlan {
  seed: number;
  /** Epoch ms; every stamp is at least two hours and at most about six years earlier. */
  now: number;
  ranges: Record<string, Range>;
}

/** The record numbers (ids.ts) of one sobject. */
export interface Range {
  first: number;
  count: number;
}

/** With their sobjects, in the order of the seeded rows. */
export const recordTypes = sobjects.flatMap((def) =>
  (def.recordTypes ?? []).map((type) => ({ ...type, of: def.name })),
);

/** Per thousand records; the rest are invoice lines. */
const shares: Record<string, number> = {
  User: 4,
  Product2: 20,
  Account: 200,
  Contact: 300,
  Lead: 140,
  Opportunity: 170,
  Invoice__c: 50,
};
const rest = 'Invoice_Line__c';
const usersMin = 3;

interface OnTop {
  /** Per thousand records. */
  share?: number;
  atLeast?: number;
  /** This many for each record of another sobject, which must come before. */
  each?: readonly [times: number, of: string];
}

/** The other sobjects, whose records are added to the requested number. */
const onTop: Record<string, OnTop> = {
  ContentDocument: { share: 4, atLeast: 4 },
  ContentVersion: { share: 4, atLeast: 4 },
  ContentDocumentLink: { share: 4, atLeast: 4 },
  Folder: { atLeast: 2 },
  Document: { atLeast: 4 },
  Attachment: { share: 4, atLeast: 4 },
  Profile: { atLeast: profileNames.length },
  UserRole: { atLeast: roleNames.length },
  Group: { atLeast: groups.length },
  GroupMember: { atLeast: 8 },
  RecordType: { atLeast: recordTypes.length },
  Case: { share: 30, atLeast: 10 },
  CaseStatus: { atLeast: caseStatuses.length },
  Task: { share: 40, atLeast: 30 },
  Event: { share: 30, atLeast: 20 },
  Campaign: { share: 1, atLeast: 4 },
  CampaignMember: { share: 20, atLeast: 5 },
  Pricebook2: { atLeast: bookNames.length },
  PricebookEntry: { each: [bookNames.length, 'Product2'] },
  OpportunityLineItem: { share: 30, atLeast: 5 },
  OpportunityContactRole: { share: 20, atLeast: 5 },
  Asset: { share: 10, atLeast: 5 },
  Contract: { share: 5, atLeast: 3 },
  AccountHistory: { share: 20, atLeast: 5 },
  AccountShare: { each: [1, 'Account'] },
  Name: { atLeast: 0 },
  FeedItem: { atLeast: 0 },
  Region__mdt: { atLeast: regions.length },
  ApexPageInfo: { atLeast: apexPages.length },
  FlowTestView: { atLeast: 6 },
  LoginEvent: { atLeast: 40 },
  ActivityFieldHistory: { atLeast: 20 },
  // Its one row has no number of its own.
  UserPermissionAccess: { atLeast: 0 },
  // Computed on request.
  FieldPermissions: { atLeast: 0 },
  EntityDefinition: { atLeast: 0 },
  FieldDefinition: { atLeast: 0 },
};

/**
 * Divides the records among the sobjects that people work with most, and adds a share for the others. Users come
 * first: their Ids are numbers 1, 2, … of the org.
 */
export function planSeed(records: number, seed: number, now: number): SeedPlan {
  const ranges: Record<string, Range> = {};
  let first = 1;
  for (const { name } of sobjects) {
    const count = countOf(name, records, first, ranges);
    ranges[name] = { first, count };
    first += count;
  }
  return { seed, now, ranges };
}

function countOf(
  name: string,
  records: number,
  first: number,
  ranges: Readonly<Record<string, Range>>,
): number {
  if (name === rest) return records - first + 1;
  const main = shares[name];
  if (main !== undefined)
    return Math.max(name === 'User' ? usersMin : 1, Math.floor((records * main) / 1000));
  const { share = 0, atLeast = 1, each } = onTop[name] ?? {};
  if (each) return each[0] * (ranges[each[1]]?.count ?? 0);
  return Math.max(atLeast, Math.floor((records * share) / 1000));
}

export const rangeOf = (plan: SeedPlan, sobject: string): Range =>
  plan.ranges[sobject] ?? { first: 1, count: 1 };

/** The number of all records in the plan. */
export const totalOf = (plan: SeedPlan): number =>
  Object.values(plan.ranges).reduce((sum, { count }) => sum + count, 0);
