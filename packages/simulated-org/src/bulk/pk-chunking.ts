/** Standard sobjects for which Salesforce splits large queries by Id. It does so for every custom one. */
const standard = new Set([
  'Account',
  'AccountContactRelation',
  'AccountTeamMember',
  'Asset',
  'Campaign',
  'CampaignMember',
  'Case',
  'CaseComment',
  'Contact',
  'ContentDistribution',
  'ContentDocument',
  'ContentVersion',
  'Contract',
  'ContractLineItem',
  'EmailMessage',
  'Event',
  'EventRelation',
  'FeedItem',
  'Individual',
  'Lead',
  'LiveChatTranscript',
  'LoginHistory',
  'Note',
  'Opportunity',
  'OpportunityContactRole',
  'OpportunityHistory',
  'OpportunityLineItem',
  'OpportunityTeamMember',
  'Pricebook2',
  'PricebookEntry',
  'Product2',
  'Quote',
  'QuoteLineItem',
  'ServiceContract',
  'Task',
  'User',
  'UserRole',
  'WorkOrder',
  'WorkOrderLineItem',
]);

/** Sharing and history tables follow the sobject that they belong to. */
export const supportsPkChunking = (sobject: string): boolean =>
  /__(c|Share|History)$/.test(sobject) ||
  standard.has(sobject) ||
  standard.has(sobject.replace(/(Share|History)$/, ''));
