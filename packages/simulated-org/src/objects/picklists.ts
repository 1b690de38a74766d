/** Values that several standard objects share, as in a new org. */
export const industries = [
  'Agriculture',
  'Apparel',
  'Banking',
  'Biotechnology',
  'Chemicals',
  'Communications',
  'Construction',
  'Consulting',
  'Education',
  'Electronics',
  'Energy',
  'Engineering',
  'Entertainment',
  'Environmental',
  'Finance',
  'Food & Beverage',
  'Government',
  'Healthcare',
  'Hospitality',
  'Insurance',
  'Machinery',
  'Manufacturing',
  'Media',
  'Not For Profit',
  'Recreation',
  'Retail',
  'Shipping',
  'Technology',
  'Telecommunications',
  'Transportation',
  'Utilities',
  'Other',
];

export const ratings = ['Hot', 'Warm', 'Cold'];

export const sources = ['Web', 'Phone Inquiry', 'Partner Referral', 'Purchased List', 'Other'];

export const leadStatuses = [
  'Open - Not Contacted',
  'Working - Contacted',
  'Closed - Converted',
  'Closed - Not Converted',
];

export const stages = [
  'Prospecting',
  'Qualification',
  'Needs Analysis',
  'Value Proposition',
  'Id. Decision Makers',
  'Perception Analysis',
  'Proposal/Price Quote',
  'Negotiation/Review',
  'Closed Won',
  'Closed Lost',
];

export const invoiceStatuses = ['Draft', 'Sent', 'Paid', 'Overdue', 'Cancelled'];

export const caseStatuses = ['New', 'Working', 'Escalated', 'Closed'];

export const taskStatuses = [
  'Not Started',
  'In Progress',
  'Completed',
  'Waiting on someone else',
  'Deferred',
];

export const timeZones = [
  'America/Los_Angeles',
  'America/New_York',
  'Europe/Berlin',
  'Europe/London',
  'Asia/Tokyo',
];
export const locales = ['en_US', 'en_GB', 'de_DE', 'fr_FR', 'ja_JP'];
export const languages = ['en_US', 'de', 'fr', 'ja'];
