import { type Sql, sql } from '@lockstep/foundation/sql';
import { industries, invoiceStatuses, leadStatuses, ratings, sources, stages } from '../objects/picklists.ts';
import { recordId } from '../write/ids.ts';
import { contentMakers } from './seed-content.ts';
import type { Dice } from './seed-dice.ts';
import { type Fields, type Maker, recordTypeOf, someRecord } from './seed-makers.ts';
import { peopleMakers } from './seed-people.ts';
import { rangeOf, type SeedPlan } from './seed-plan.ts';
import { priceMakers } from './seed-prices.ts';
import { setupMakers } from './seed-setup.ts';
import {
  companyFields,
  companyForms,
  departments,
  firstNames,
  jobTitles,
  lastNames,
  notes,
  places,
  productNames,
  streets,
} from './seed-words.ts';
import { workMakers } from './seed-work.ts';

/** The fields of an sobject as SQL over the record's number `n`; fields not named stay empty. */
export const seedFields = (sobject: string, dice: Dice, plan: SeedPlan): Fields =>
  makers[sobject]?.(dice, plan) ?? {};

/** The same rolls as in the record's own fields, so that a mail address has the person's name. */
const person = ({ pick }: Dice): Fields => ({
  FirstName: pick('first name', firstNames),
  LastName: pick('last name', lastNames),
  Salutation: pick('salutation', ['Mr.', 'Ms.', 'Dr.']),
});

const mail = ({ pick }: Dice): Sql =>
  sql`concat(lower(regexp_replace(concat(${pick('first name', firstNames)}, '.', ${pick('last name', lastNames)}), '[^A-Za-z.]', '', 'g')), n, '@example.com')`;

const companyName = ({ pick }: Dice): Sql =>
  sql`concat(${pick('company', lastNames)}, ' ', ${pick('field', companyFields)}, ' ', ${pick('form', companyForms)})`;

const domain = ({ pick }: Dice): Sql =>
  sql`lower(regexp_replace(concat(${pick('company', lastNames)}, '-', ${pick('field', companyFields)}), '[^A-Za-z-]', '', 'g'))`;

const phone = ({ roll }: Dice, what: string): Sql =>
  sql`concat('+1 555 ', lpad(${roll(what, 10_000_000)}::text, 7, '0'))`;

const amount = ({ roll }: Dice, what: string, max: number): Sql =>
  sql`(${roll(what, max * 100)} / 100.0)::numeric(18, 2)`;

/** A day in a span of `days` that begins `from` days after the org was created. */
const day = ({ roll }: Dice, plan: SeedPlan, what: string, from: number, days: number): Sql =>
  sql`(to_timestamp(${Math.floor(plan.now / 1000)}::bigint)::date + ${from}::integer + ${roll(what, days)}::integer)`;

const userFields: Maker = (dice, plan) => {
  const { roll, pick } = dice;
  return {
    ...person(dice),
    ...address('', dice),
    Username: sql`concat('user', n, '@acme.example')`,
    Email: mail(dice),
    Alias: sql`concat('u', n % 1000000)`,
    CommunityNickname: sql`concat('user', n)`,
    CompanyName: sql`'Acme'::text`,
    Department: pick('department', departments),
    Title: pick('title', jobTitles),
    Phone: phone(dice, 'phone'),
    IsActive: sql`${roll('inactive', 10)} > 0`,
    TimeZoneSidKey: pick('zone', ['America/New_York', 'Europe/Berlin', 'Asia/Tokyo']),
    LocaleSidKey: pick('locale', ['en_US', 'de_DE', 'ja_JP']),
    LanguageLocaleKey: sql`'en_US'::text`,
    EmailEncodingKey: sql`'UTF-8'::text`,
    UserRoleId: someRecord(dice, plan, '00E', 'UserRole', 'role'),
    // The second profile: Standard User.
    ProfileId: sql`${recordId('00e', rangeOf(plan, 'Profile').first + 1)}::text`,
  };
};

const productFields: Maker = (dice) => {
  const { roll, pick } = dice;
  return {
    Name: sql`concat(${pick('product', productNames)}, ' ', 100 + ${roll('model', 900)})`,
    ProductCode: sql`concat('P-', lpad(n::text, 7, '0'))`,
    Description: pick('note', notes),
    IsActive: sql`${roll('inactive', 12)} > 0`,
    Family: pick('family', ['Hardware', 'Software', 'Service', 'Spare Part']),
    QuantityUnitOfMeasure: pick('unit', ['Each', 'Hour', 'Metre', 'Kilogram']),
    StockKeepingUnit: sql`concat('SKU', n * 7)`,
  };
};

const accountFields: Maker = (dice, plan) => {
  const { roll, pick, rarely } = dice;
  return {
    Name: companyName(dice),
    Type: pick('type', ['Prospect', 'Customer - Direct', 'Customer - Channel']),
    RecordTypeId: recordTypeOf(dice, plan, 'Account'),
    ParentId: rarely('has parent', 10, someRecord(dice, plan, '001', 'Account', 'parent')),
    ...address('Billing', dice),
    ...address('Shipping', dice),
    Phone: phone(dice, 'phone'),
    Fax: rarely('has fax', 5, phone(dice, 'fax')),
    AccountNumber: sql`concat('CD', lpad(n::text, 8, '0'))`,
    Website: sql`concat('https://', ${domain(dice)}, '.example')`,
    Sic: sql`(1000 + ${roll('sic', 9000)})::text`,
    Industry: pick('industry', industries),
    AnnualRevenue: sql`(${roll('revenue', 90_000)} * 10000)::numeric`,
    NumberOfEmployees: sql`(1 + ${roll('employees', 20_000)})::integer`,
    Ownership: pick('ownership', ['Public', 'Private', 'Subsidiary']),
    TickerSymbol: rarely('is listed', 8, sql`upper(left(${domain(dice)}, 4))`),
    Description: rarely('has note', 3, pick('note', notes)),
    Rating: pick('rating', ratings),
    AccountSource: pick('source', sources),
    YearStarted: sql`(1900 + ${roll('started', 124)})::text`,
    External_Id__c: sql`CASE WHEN n % 5 < 3 THEN concat('A-', n) END`,
  };
};

const contactFields: Maker = (dice, plan) => {
  const { pick, rarely } = dice;
  return {
    ...person(dice),
    AccountId: someRecord(dice, plan, '001', 'Account', 'account'),
    ...address('Mailing', dice),
    Phone: phone(dice, 'phone'),
    MobilePhone: phone(dice, 'mobile'),
    Email: mail(dice),
    Title: pick('title', jobTitles),
    Department: pick('department', departments),
    LeadSource: pick('source', sources),
    Birthdate: day(dice, plan, 'birthday', -25_000, 18_000),
    Description: rarely('has note', 4, pick('note', notes)),
    Legacy_Number__c: rarely('is old', 3, sql`concat('L', n / 2)`),
  };
};

const leadFields: Maker = (dice) => {
  const { roll, pick, rarely } = dice;
  return {
    ...person(dice),
    Company: companyName(dice),
    Title: pick('title', jobTitles),
    ...address('', dice),
    Phone: phone(dice, 'phone'),
    Email: mail(dice),
    Website: sql`concat('https://', ${domain(dice)}, '.example')`,
    Description: rarely('has note', 4, pick('note', notes)),
    LeadSource: pick('source', sources),
    Status: pick('status', leadStatuses),
    Industry: pick('industry', industries),
    Rating: pick('rating', ratings),
    AnnualRevenue: sql`(${roll('revenue', 9000)} * 10000)::numeric`,
    NumberOfEmployees: sql`(1 + ${roll('employees', 2000)})::integer`,
  };
};

const opportunityFields: Maker = (dice, plan) => {
  const { roll, pick, rarely } = dice;
  return {
    AccountId: someRecord(dice, plan, '001', 'Account', 'account'),
    Name: sql`concat(${pick('company', lastNames)}, ' ', ${pick('field', companyFields)}, ' - ', ${pick('product', productNames)})`,
    Description: rarely('has note', 3, pick('note', notes)),
    StageName: pick('stage', stages),
    Amount: amount(dice, 'amount', 400_000),
    Probability: sql`(${roll('probability', 11)} * 10)::numeric`,
    TotalOpportunityQuantity: sql`(1 + ${roll('quantity', 500)})::numeric`,
    CloseDate: day(dice, plan, 'close', -900, 1200),
    Type: pick('type', ['Existing Business', 'New Business']),
    NextStep: rarely('has next', 2, pick('next', ['Call back', 'Send quote', 'Visit', 'Contract review'])),
    LeadSource: pick('source', sources),
    CampaignId: rarely('has campaign', 6, someRecord(dice, plan, '701', 'Campaign', 'campaign')),
  };
};

const invoiceFields: Maker = (dice, plan) => {
  const { roll, pick, rarely } = dice;
  return {
    External_Id__c: sql`concat('INV-EXT-', n)`,
    Account__c: someRecord(dice, plan, '001', 'Account', 'account'),
    Status__c: pick('status', invoiceStatuses),
    Tags__c: pick('tags', ['Urgent', 'Urgent;Export', 'Recurring', 'Recurring;Paper', 'Disputed']),
    Channel__c: pick('channel', ['Post', 'E-mail', 'Portal', 'by hand']),
    Billing_Email__c: mail(dice),
    Billing_Phone__c: phone(dice, 'phone'),
    Portal_Url__c: sql`concat('https://portal.example/invoices/', n)`,
    Tax_Number__c: sql`concat('DE', lpad(${roll('tax', 1_000_000_000)}::text, 9, '0'))`,
    Issued_On__c: day(dice, plan, 'issued', -1500, 1500),
    Due_At__c: sql`date_trunc('second', created + interval '30 days')`,
    Cutoff_Time__c: sql`time '08:00' + ${roll('cutoff', 600)} * interval '1 minute'`,
    Paid_Amount__c: rarely('is paid', 2, amount(dice, 'paid', 5000)),
    Discount__c: sql`(${roll('discount', 3000)} / 100.0)::numeric(5, 2)`,
    Exchange_Rate__c: sql`(0.5 + ${roll('rate', 1_000_000)} / 1000000.0)::numeric(18, 6)`,
    Installments__c: sql`(1 + ${roll('installments', 12)})::integer`,
    Ledger_Number__c: sql`9007199254740993 + n`,
    Is_Disputed__c: sql`${roll('disputed', 20)} = 0`,
    ...address('Delivery', dice, '__s'),
    Place__Latitude__s: sql`(${roll('latitude', 180_000)} / 1000.0 - 90)::numeric(18, 15)`,
    Place__Longitude__s: sql`(${roll('longitude', 360_000)} / 1000.0 - 180)::numeric(18, 15)`,
    Scan__c: rarely('is scanned', 10, sql`encode(convert_to(concat('scan ', n), 'UTF8'), 'base64')`),
    Settings__c: sql`jsonb_build_object('reminders', ${roll('reminders', 4)}, 'language', 'en')`,
    Previous_Value__c: sql`to_jsonb(${pick('status before', invoiceStatuses)})`,
    Summary__c: pick('note', notes),
    Note__c: rarely('has long note', 5, sql`repeat(${pick('note', notes)} || E'\n', 40)`),
  };
};

const lineFields: Maker = (dice, plan) => {
  const { roll, pick } = dice;
  return {
    Invoice__c: someRecord(dice, plan, 'a00', 'Invoice__c', 'invoice'),
    Product__c: someRecord(dice, plan, '01t', 'Product2', 'product'),
    External_Id__c: sql`concat('LINE-EXT-', n)`,
    Quantity__c: sql`(1 + ${roll('quantity', 40)})::numeric`,
    Unit_Price__c: amount(dice, 'price', 2000),
    Position__c: sql`(1 + ${roll('position', 20)})::integer`,
    Delivered_On__c: day(dice, plan, 'delivered', -1400, 1400),
    Description__c: pick('note', notes),
  };
};

const makers: Record<string, Maker> = {
  User: userFields,
  Product2: productFields,
  Account: accountFields,
  Contact: contactFields,
  Lead: leadFields,
  Opportunity: opportunityFields,
  Invoice__c: invoiceFields,
  Invoice_Line__c: lineFields,
  ...contentMakers,
  ...peopleMakers,
  ...priceMakers,
  ...setupMakers,
  ...workMakers,
};

/** One roll for all parts, so that the city lies in its country. */
function address(prefix: string, { roll, pick }: Dice, suffix = ''): Fields {
  const name = (part: string) => (suffix ? `${prefix}__${part}${suffix}` : `${prefix}${part}`);
  const part = (column: number) =>
    sql`nullif(${pick(
      `${prefix} place`,
      places.map((place) => place[column] ?? ''),
    )}, '')`;
  return {
    [name('Street')]:
      sql`concat(1 + ${roll(`${prefix} number`, 400)}, ' ', ${pick(`${prefix} street`, streets)})`,
    [name('City')]: part(0),
    [name('State')]: part(1),
    [name('PostalCode')]: part(2),
    [name('Country')]: part(3),
    [name('Latitude')]: sql`${part(4)}::numeric`,
    [name('Longitude')]: sql`${part(5)}::numeric`,
  };
}
