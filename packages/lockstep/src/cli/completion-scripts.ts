/** The commands and their flags as a completion script, for each shell. */
import { quoted } from '@lockstep/foundation/shell-words';

export interface Completion {
  next: readonly NextWords[];
  commands: readonly CompletedCommand[];
}

/** The words that may follow when exactly these words stand before them. */
export interface NextWords {
  after: string;
  words: readonly NextWord[];
}

export interface NextWord {
  word: string;
  description: string;
}

interface CompletedCommand {
  name: string;
  takesWords: boolean;
  flags: readonly CompletedFlag[];
}

interface CompletedFlag {
  name: string;
  description: string;
  value: FlagValue;
}

export type FlagValue =
  | { kind: 'none' }
  | { kind: 'file' | 'folder' | 'any'; shown: string }
  | { kind: 'words'; shown: string; words: readonly string[] };

export const completionScripts: Readonly<Record<string, (completion: Completion) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

/**
 * For bash from 3.2 on, which macOS has: that needs both parentheses of a pattern inside `<(…)`, and knows no compopt.
 */
function bashScript({ next, commands }: Completion): string {
  const nextCases = next.map(
    ({ after, words }) => `    ${quoted(after)}) next=${bashWords(words.map(({ word }) => word))} ;;`,
  );
  return `# Completion of lockstep in bash. To load it: eval "$(lockstep completion bash)"

_lockstep() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} IFS=$' \\t\\n'
  local before="\${COMP_WORDS[*]:1:COMP_CWORD-1}" next='' flags='' words='' kind='' reply
  # bash makes three words of --flag=value
  if [[ $cur == = ]]; then cur=''
  elif [[ $prev == = ]]; then prev=\${COMP_WORDS[COMP_CWORD-2]}; fi
  case $before in
${nextCases.join('\n')}
  esac
  case "$before " in
${commands.flatMap(bashCase).join('\n')}
  esac
  if [[ -z $kind$words && $cur != -* ]]; then words=$next; fi
  COMPREPLY=()
  while IFS= read -r reply; do COMPREPLY+=("$reply"); done < <(
    case $kind in
      (file) compgen -f -- "$cur" ;;
      (folder) compgen -d -- "$cur" ;;
      (any) ;;
      (*) compgen -W "\${words:-$flags}" -- "$cur" ;;
    esac
  )
  case $kind in file | folder) compopt -o filenames 2>/dev/null ;; esac
  return 0
}
complete -F _lockstep lockstep ./lockstep
`;
}

const bashWords = (words: readonly string[]) => quoted(words.join(' '));

const bashCase = ({ name, flags }: CompletedCommand): string[] => [
  `    ${quoted(`${name} `)}*)`,
  `      flags=${bashWords(flags.map((flag) => `--${flag.name}`))}`,
  '      case $prev in',
  ...flags.flatMap(({ name: flag, value }) => {
    if (value.kind === 'none') return [];
    const assigned = value.kind === 'words' ? `words=${bashWords(value.words)}` : `kind=${value.kind}`;
    return [`        --${flag}) ${assigned} ;;`];
  }),
  '      esac ;;',
];

/** In zsh a completion for a name is also one for a path that ends in it. */
function zshScript({ next, commands }: Completion): string {
  const nextCases = next.map(
    ({ after, words }) => `    (${quoted(after)}) next=(\n${words.map(zshWord).join('\n')}\n    ) ;;`,
  );
  return `#compdef lockstep
# Completion of lockstep in zsh. To load it, after compinit: eval "$(lockstep completion zsh)"

_lockstep() {
  local before="\${(j: :)words[2,CURRENT-1]}"
  local -a next flags
  local -i typed=0
  case $before in
${nextCases.join('\n')}
  esac
  if (( $#next )) && [[ $PREFIX != -* ]]; then
    _describe word next
    return
  fi
  case "$before " in
${commands.flatMap(zshCase).join('\n')}
  esac
  (( typed )) || return 1
  shift $typed words
  (( CURRENT -= typed ))
  _arguments $flags
}

if [[ $funcstack[1] == _lockstep ]]; then _lockstep "$@"; else compdef _lockstep lockstep; fi
`;
}

const zshWord = ({ word, description }: NextWord) =>
  `      ${quoted(description === '' ? word : `${word}:${description}`)}`;

const zshCase = ({ name, takesWords, flags }: CompletedCommand): string[] => [
  `    (${quoted(`${name} `)}*) typed=${name.split(' ').length} flags=(`,
  ...flags.map((flag) => `      ${quoted(zshFlag(flag))}`),
  ...(takesWords ? ["      '*: : '"] : []),
  '    ) ;;',
];

/** A specification for `_arguments`, in which brackets and colons separate. */
function zshFlag({ name, description, value }: CompletedFlag): string {
  const explained = `[${description.replaceAll('[', '(').replaceAll(']', ')')}]`;
  if (value.kind === 'none') return `--${name}${explained}`;
  const shown = value.shown.replaceAll(':', '\\:');
  const action =
    value.kind === 'words'
      ? `(${value.words.join(' ')})`
      : { file: '_files', folder: '_files -/', any: ' ' }[value.kind];
  return `--${name}=${explained}:${shown}:${action}`;
}

/** In fish a completion for a name is also one for a path that ends in it. */
function fishScript({ next, commands }: Completion): string {
  const words = next.flatMap((one) =>
    one.words.map(
      ({ word, description }) =>
        `complete -c lockstep -n ${fishText(`__lockstep_after ${one.after}`.trim())} -a ${word}${fishDescribed(description)}`,
    ),
  );
  return `# Completion of lockstep in fish. To load it: lockstep completion fish | source

function __lockstep_after --description 'Exactly these words stand before the cursor'
  set -l typed (commandline -opc)
  set -e typed[1]
  test "$typed" = "$argv"
end

function __lockstep_of --description 'The line begins with these words'
  set -l typed (commandline -opc)
  set -e typed[1]
  string match -q -- "$argv *" "$typed "
end

complete -c lockstep -f
${words.join('\n')}
${commands.flatMap(fishFlags).join('\n')}
`;
}

const fishText = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

const fishDescribed = (description: string) => (description === '' ? '' : ` -d ${fishText(description)}`);

const fishFlags = ({ name, flags }: CompletedCommand): string[] =>
  flags.map(
    (flag) =>
      `complete -c lockstep -n ${fishText(`__lockstep_of ${name}`)} -l ${flag.name}${fishValue(flag.value)}${fishDescribed(flag.description)}`,
  );

function fishValue(value: FlagValue): string {
  if (value.kind === 'words') return ` -x -a ${fishText(value.words.join(' '))}`;
  return { none: '', file: ' -r -F', folder: " -x -a '(__fish_complete_directories)'", any: ' -x' }[
    value.kind
  ];
}
