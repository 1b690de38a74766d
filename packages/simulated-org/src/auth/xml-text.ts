import { fromStored } from '../write/stored-text.ts';

/** Writes XML, for the few answers that are not JSON. */
export const xmlHead = '<?xml version="1.0" encoding="UTF-8"?>';

/** What XML cannot express, not even as a reference: most control characters and two noncharacters. */
const unwritable = /[^\t\n\r -\u{FFFD}\u{10000}-\u{10FFFF}]/gu;

const references: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

export const escapeXml = (text: string): string =>
  text
    .toWellFormed()
    .replace(unwritable, '\uFFFD')
    .replace(/[&<>"']/g, (character) => references[character] ?? character);

export type XmlValue = string | number | boolean | null | undefined | { readonly [name: string]: XmlValue };

/** Elements in the order of the keys; texts as stored in the database. Null is `xsi:nil`, undefined is left out. */
export const elements = (fields: { readonly [name: string]: XmlValue }): string =>
  Object.entries(fields)
    .map(([name, value]) => element(name, value))
    .join('');

export function element(name: string, value: XmlValue): string {
  if (value === undefined) return '';
  if (value === null) return `<${name} xsi:nil="true"/>`;
  const content = typeof value === 'object' ? elements(value) : escapeXml(fromStored(String(value)));
  return `<${name}>${content}</${name}>`;
}
