/**
 * Which JSON is parsed. A short text can hold very many values, and zipped it is shorter still: parsing it would stop
 * everything else in this process. No request that Salesforce accepts comes near these limits, because it accepts 25
 * subrequests or 200 records.
 */
const valuesMax = 200_000;
const depthMax = 64;

const [quote, backslash, comma] = [0x22, 0x5c, 0x2c];
const [bracket, closingBracket, brace, closingBrace] = [0x5b, 0x5d, 0x7b, 0x7d];

/** Reads no further than to the first limit that is exceeded. Says nothing about whether the text is valid JSON. */
export function isWithinBounds(json: Buffer): boolean {
  let values = 0;
  let depth = 0;
  for (let at = 0; at < json.length; at++) {
    const byte = json[at];
    if (byte === quote) at = endOfString(json, at);
    else if (byte === comma) values += 1;
    else if (byte === bracket || byte === brace) {
      values += 1;
      depth += 1;
    } else if (byte === closingBracket || byte === closingBrace) depth -= 1;
    if (values > valuesMax || depth > depthMax) return false;
  }
  return true;
}

/** The place of the quote that ends the string beginning at `start`; the end of the text if there is none. */
function endOfString(json: Buffer, start: number): number {
  for (let at = start + 1; at < json.length; at++) {
    if (json[at] === backslash) at += 1;
    else if (json[at] === quote) return at;
  }
  return json.length;
}
