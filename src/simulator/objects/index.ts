import type { SObjectDef } from '../schema.ts';
import { account } from './account.ts';
import { contact } from './contact.ts';
import { contentDocument, contentDocumentLink, contentVersion } from './content.ts';
import { attachment, document, folder } from './document.ts';
import { invoice } from './invoice.ts';
import { invoiceLine } from './invoice-line.ts';
import { lead } from './lead.ts';
import { opportunity } from './opportunity.ts';
import { product2 } from './product2.ts';
import { user } from './user.ts';

/** The sobjects of the org, users first: everybody else's rows name them. */
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
];
