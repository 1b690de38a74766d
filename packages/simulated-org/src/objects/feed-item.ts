import type { SObjectDef } from '../schema/schema.ts';
import { linked } from './content.ts';
import {
  audit,
  field,
  flag,
  idOf,
  isDeleted,
  longText,
  picklist,
  readOnly,
  recordId,
  reference,
  required,
  text,
  url,
} from './fields.ts';

/** What people post on a record. Only a user who may view all data can query it without naming records. */
export const feedItem: SObjectDef = {
  name: 'FeedItem',
  label: 'Feed Item',
  labelPlural: 'Feed Items',
  keyPrefix: '0D5',
  custom: false,
  deletable: true,
  undeletable: false,
  mruEnabled: false,
  filterUnlessViewAllData: {
    fields: ['Id', 'ParentId'],
    message:
      'Implementation restriction: FeedItem requires a filter by Id or ParentId, or a user with the permission to view all data.',
  },
  fields: [
    recordId('Feed Item ID'),
    idOf('ParentId', 'Parent ID', linked, { ...required, updateable: false, cascadeDelete: true }),
    picklist('Type', 'Feed Item Type', ['TextPost', 'LinkPost', 'ContentPost', 'TrackedChange'], {
      updateable: false,
      restrictedPicklist: true,
      defaultSql: `'TextPost'`,
    }),
    ...audit.slice(1, 2),
    ...audit.slice(0, 1),
    isDeleted,
    ...audit.slice(2, 3),
    ...audit.slice(4),
    field('int', 'Revision', 'Revision', { updateable: false, digits: 9 }),
    idOf('LastEditById', 'Last Edit By ID', ['User'], { updateable: false }),
    field('datetime', 'LastEditDate', 'Last Edit Date', { updateable: false }),
    field('int', 'CommentCount', 'Comment Count', {
      ...readOnly,
      digits: 9,
      nillable: false,
      defaultSql: '0',
    }),
    field('int', 'LikeCount', 'Like Count', { ...readOnly, digits: 9, nillable: false, defaultSql: '0' }),
    text('Title', 'Title', 255),
    longText('Body', 'Body', 10_000),
    url('LinkUrl', 'Link Url', { length: 1000, updateable: false }),
    flag('IsRichText', 'Is Rich Text'),
    idOf('RelatedRecordId', 'Related Record ID', ['ContentVersion'], { updateable: false }),
    reference('BestCommentId', 'Best Comment ID', ['FeedComment'], {
      ...readOnly,
      childRelationshipName: null,
    }),
    flag('HasContent', 'Has Content', readOnly),
    flag('HasLink', 'Has Link', readOnly),
    flag('HasFeedEntity', 'Has Feed Entity Attachment', readOnly),
    flag('HasVerifiedComment', 'Has Verified Comment', readOnly),
    flag('IsClosed', 'Is Closed', readOnly),
    picklist('Status', 'Status', ['Published', 'PendingReview'], { defaultSql: `'Published'` }),
  ],
};
