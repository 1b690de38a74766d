/** `Account.Description,*.Secret__c`; `none` for none. The server checks each. */
export const patternsOf = (text: string): string[] =>
  text.trim() === 'none'
    ? []
    : text
        .split(',')
        .map((one) => one.trim())
        .filter((one) => one !== '');
