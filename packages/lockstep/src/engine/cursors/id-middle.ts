import { type RecordId, toRecordId } from '../../core/ids.ts';

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const base = BigInt(digits.length);
/** The last three of 18 characters are a checksum. */
const significant = 15;

/**
 * An Id about halfway between two, for cutting a table in two. Which records are on which side is Salesforce's decision:
 * every Id is either greater or not, whatever order Salesforce has, so the two parts are disjoint and complete.
 *
 * @returns null: there is none between them
 */
export function middleId(from: RecordId, to: RecordId): RecordId | null {
  const [low, high] = [numberOf(from), numberOf(to)];
  const middle = (low + high) / 2n;
  if (middle === low || middle === high) return null;
  return toRecordId(idOf(middle)) ?? null;
}

const numberOf = (id: RecordId): bigint =>
  Array.from(id.slice(0, significant)).reduce((sum, digit) => sum * base + BigInt(digits.indexOf(digit)), 0n);

function idOf(number: bigint): string {
  let text = '';
  for (let rest = number; text.length < significant; rest /= base)
    text = `${digits[Number(rest % base)]}${text}`;
  return text;
}
