import type { SObjectDef } from '../schema/schema.ts';
import { account } from './account.ts';
import { accountHistory, accountShare } from './account-trail.ts';
import { asset } from './asset.ts';
import { activityFieldHistory, loginEvent } from './big-objects.ts';
import { campaign, campaignMember } from './campaign.ts';
import { case_, caseStatus } from './case.ts';
import { contact } from './contact.ts';
import { contentDocument, contentDocumentLink, contentVersion } from './content.ts';
import { contract } from './contract.ts';
import { attachment, document, folder } from './document.ts';
import { event } from './event.ts';
import { feedItem } from './feed-item.ts';
import { invoice } from './invoice.ts';
import { invoiceLine } from './invoice-line.ts';
import { lead } from './lead.ts';
import { name } from './name.ts';
import { opportunity } from './opportunity.ts';
import { opportunityContactRole } from './opportunity-contact-role.ts';
import { organization } from './organization.ts';
import { group, groupMember, profile, recordTypeSObject, userRole } from './people.ts';
import { opportunityLineItem, pricebook2, pricebookEntry } from './pricebook.ts';
import { product2 } from './product2.ts';
import { region } from './region.ts';
import {
  apexPageInfo,
  entityDefinition,
  fieldDefinition,
  fieldPermissions,
  flowTestView,
  userPermissionAccess,
} from './setup-views.ts';
import { task } from './task.ts';
import { user } from './user.ts';

/** The sobjects of the org: first those that people work with most, led by users. */
export const sobjects: readonly SObjectDef[] = [
  user,
  product2,
  account,
  contact,
  lead,
  opportunity,
  invoice,
  invoiceLine,
  contentDocument,
  contentVersion,
  contentDocumentLink,
  folder,
  document,
  attachment,
  organization,
  profile,
  userRole,
  group,
  groupMember,
  recordTypeSObject,
  case_,
  caseStatus,
  task,
  event,
  campaign,
  campaignMember,
  pricebook2,
  pricebookEntry,
  opportunityLineItem,
  opportunityContactRole,
  asset,
  contract,
  accountHistory,
  accountShare,
  name,
  region,
  apexPageInfo,
  flowTestView,
  loginEvent,
  activityFieldHistory,
  userPermissionAccess,
  fieldPermissions,
  feedItem,
  entityDefinition,
  fieldDefinition,
];
