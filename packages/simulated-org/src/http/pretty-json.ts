/**
 * JSON text formatted as Salesforce does for a client that sends `X-PrettyPrint: 1`: one key per line, two spaces per
 * level, a space on both sides of the colon, lists on the line of their brackets. Numbers and texts are unchanged.
 */
const tokens = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s"{}[\],:]+/g;

export function prettyJson(json: string): string {
  const parts: string[] = [];
  // For every open bracket, whether it is an object's: only those indent.
  const open: boolean[] = [];
  const newLine = () => `\n${'  '.repeat(open.filter(Boolean).length)}`;
  let before = '';
  for (const [token] of json.matchAll(tokens)) {
    const isObject = open.at(-1) === true;
    if (token === '}' || token === ']') {
      open.pop();
      const isEmpty = before === '{' || before === '[';
      parts.push(token === ']' || isEmpty ? ' ' : newLine(), token);
    } else {
      if (before === '{' || (before === ',' && isObject)) parts.push(newLine());
      else if (before === '[' || before === ',') parts.push(' ');
      if (token === ':') parts.push(' : ');
      else parts.push(token);
      if (token === '{' || token === '[') open.push(token === '{');
    }
    before = token;
  }
  return parts.join('');
}
