/**
 * The sentence of a sync. Ages in it change each second, so it has the room that it may need: nothing below it moves.
 * It is no live region: a change of the state is announced elsewhere, and counters never are.
 */
export function Headline({ text }: { text: string }) {
  const [first, rest] = split(text);
  return (
    <span className="block tabular-nums">
      {first}
      {rest !== '' && ' '}
      {/* The usual sentence needs one line, two on a phone. */}
      <span className="block min-h-10 text-base font-normal text-muted sm:min-h-5 md:min-h-6 md:text-lead">
        {rest !== '' && rest.replace(/\.?$/, '.')}
      </span>
    </span>
  );
}

/** What comes first is the state; numbers have points, too, but no space after them. */
function split(text: string): [string, string] {
  const at = text.indexOf('. ');
  return at === -1 ? [text, ''] : [text.slice(0, at + 1), text.slice(at + 2)];
}
