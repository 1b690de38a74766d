import { type Sql, sql } from '@lockstep/foundation/sql';
import { recordIdSql } from '../write/ids.ts';
import { always, type Maker, numberAtSamePosition, recordAtSamePosition, someRecord } from './seed-makers.ts';
import { rangeOf } from './seed-plan.ts';
import { fileTitles } from './seed-words.ts';

/** The files of a new org: the nth document has one version, the nth. */
const textOf = (number: Sql): Sql => sql`concat('File ', ${number}, ' of the seeded org.')`;

const base64 = (text: Sql): Sql => sql`encode(convert_to(${text}, 'UTF8'), 'base64')`;

const titleOf = (number: Sql): Sql =>
  sql`concat((${[...fileTitles]}::text[])[1 + (${number} % ${fileTitles.length}::bigint)::integer], ' ', ${number})`;

const textFile = (number: Sql) => ({
  IsDeleted: always(sql`false`),
  Title: titleOf(number),
  ContentSize: always(sql`octet_length(${textOf(number)})`),
  FileType: always(sql`'TEXT'::text`),
  FileExtension: always(sql`'txt'::text`),
  ContentModifiedDate: always(sql`created`),
});

const documentFields: Maker = (_dice, plan) => ({
  ...textFile(sql`n`),
  LatestPublishedVersionId: always(recordAtSamePosition(plan, 'ContentDocument', 'ContentVersion', '068')),
});

const versionFields: Maker = (dice, plan) => {
  const number = numberAtSamePosition(plan, 'ContentVersion', 'ContentDocument');
  const text = textOf(number);
  return {
    ...textFile(number),
    ContentDocumentId: recordIdSql('069', number),
    IsLatest: sql`true`,
    VersionNumber: always(sql`'1'::text`),
    PathOnClient: always(sql`concat(${titleOf(number)}, '.txt')`),
    ContentModifiedById: always(someRecord(dice, plan, '005', 'User', 'creator')),
    VersionData: always(base64(text)),
    Checksum: always(sql`md5(${text})`),
  };
};

const linkFields: Maker = (dice, plan) => ({
  IsDeleted: always(sql`false`),
  ContentDocumentId: recordAtSamePosition(plan, 'ContentDocumentLink', 'ContentDocument', '069'),
  LinkedEntityId: sql`CASE ${dice.roll('linked to', 2)}
    WHEN 0 THEN ${someRecord(dice, plan, '001', 'Account', 'account')}
    ELSE ${someRecord(dice, plan, '006', 'Opportunity', 'opportunity')} END`,
});

const folderNames = ['Logos', 'Letters'];

const folderFields: Maker = (_dice, plan) => {
  const place = sql`(1 + n - ${rangeOf(plan, 'Folder').first}::bigint)::integer`;
  return {
    Name: sql`(${folderNames}::text[])[${place}]`,
    DeveloperName: always(sql`(${folderNames}::text[])[${place}]`),
    AccessType: sql`'Public'::text`,
    Type: sql`'Document'::text`,
  };
};

const folderDocumentFields: Maker = (dice, plan) => ({
  FolderId: recordAtSamePosition(plan, 'Document', 'Folder', '00l'),
  IsDeleted: always(sql`false`),
  Name: titleOf(sql`n`),
  DeveloperName: sql`replace(${titleOf(sql`n`)}, ' ', '_')`,
  ContentType: always(sql`'text/plain'::text`),
  Type: always(sql`'txt'::text`),
  Body: always(base64(textOf(sql`n`))),
  BodyLength: sql`octet_length(${textOf(sql`n`)})`,
  AuthorId: someRecord(dice, plan, '005', 'User', 'creator'),
});

const attachmentFields: Maker = (dice, plan) => ({
  IsDeleted: always(sql`false`),
  ParentId: sql`CASE ${dice.roll('attached to', 2)}
    WHEN 0 THEN ${someRecord(dice, plan, '001', 'Account', 'account')}
    ELSE ${someRecord(dice, plan, '003', 'Contact', 'contact')} END`,
  Name: sql`concat(${titleOf(sql`n`)}, '.txt')`,
  ContentType: always(sql`'text/plain'::text`),
  Body: base64(textOf(sql`n`)),
  BodyLength: always(sql`octet_length(${textOf(sql`n`)})`),
});

export const contentMakers: Record<string, Maker> = {
  ContentDocument: documentFields,
  ContentVersion: versionFields,
  ContentDocumentLink: linkFields,
  Folder: folderFields,
  Document: folderDocumentFields,
  Attachment: attachmentFields,
};
