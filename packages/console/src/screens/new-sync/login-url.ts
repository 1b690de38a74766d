/**
 * The address at which an org signs people in, of what a person types or pastes: the name of My Domain alone, an address
 * without its scheme, or the address that the browser shows in Salesforce.
 *
 * @returns empty if nothing is given
 */
export function loginUrlOf(given: string): string {
  const text = given.trim();
  if (text === '') return '';
  const url = URL.parse(/^https?:\/\//i.test(text) ? text : `https://${text}`);
  if (!url) return text;
  const name = url.hostname;
  // A port means that it is no name of Salesforce's, but an address: localhost:8402.
  if (!name.includes('.') && url.port === '' && name !== 'localhost')
    return `https://${name}.my.salesforce.com`;
  const lightning = /^(.+?)\.(?:lightning\.force|my\.salesforce-setup)\.com$/.exec(name)?.[1];
  if (lightning) return `https://${lightning}.my.salesforce.com`;
  return url.origin;
}
