/** `completion`: a script that completes this command line in a shell, made from the commands themselves. */
import { usageError } from '../../core/request-error.ts';
import { type Command, type CommandEntry, flagsOf } from '../arguments.ts';
import {
  type Completion,
  completionScripts,
  type FlagValue,
  type NextWord,
  type NextWords,
} from '../completion-scripts.ts';

export const completionCommand = (commands: readonly CommandEntry[]): Command => ({
  positionals: { shown: Object.keys(completionScripts).join('|'), min: 1, max: 1 },
  usesConfig: false,
  async run({ words: [shell = ''] }, { output }) {
    const scriptOf = Object.hasOwn(completionScripts, shell) ? completionScripts[shell] : undefined;
    if (!scriptOf)
      throw usageError(`There is no completion for ${JSON.stringify(shell)}`, 'lockstep help completion');
    const script = scriptOf(await completionOf(commands));
    if (output.wantsJson) output.object({ schema: 1, shell, script });
    else output.data(script.trimEnd());
  },
});

async function completionOf(entries: readonly CommandEntry[]): Promise<Completion> {
  const loaded = await Promise.all(entries.map(async ({ name, load }) => ({ name, command: await load() })));
  const names = nextOf(entries);
  return {
    next: [...names, ...loaded.flatMap(({ name, command }) => positionalsOf(name, command, names))],
    commands: loaded.map(({ name, command }) => ({
      name,
      takesWords: command.positionals !== undefined,
      flags: Object.entries(flagsOf(command)).map(([flag, { value, description }]) => ({
        name: flag,
        description,
        value: valueOf(value),
      })),
    })),
  };
}

/** The words of the commands: the first ones, then those of each group. */
function nextOf(entries: readonly CommandEntry[]): NextWords[] {
  const groups = new Map<string, NextWord[]>();
  const first = new Map<string, string>();
  for (const { name, summary } of entries) {
    const [word = '', second] = name.split(' ');
    const group = groups.get(word) ?? [];
    if (second !== undefined) groups.set(word, [...group, { word: second, description: summary }]);
    first.set(word, second === undefined ? summary : [...group.map((one) => one.word), second].join(', '));
  }
  return [
    { after: '', words: Array.from(first, ([word, description]) => ({ word, description })) },
    ...Array.from(groups, ([after, words]) => ({ after, words })),
  ];
}

/** What help shows as `a|b` may be typed as it is; `COMMAND` stands for the words of a command. */
function positionalsOf(name: string, { positionals }: Command, names: readonly NextWords[]): NextWords[] {
  const alternatives = (positionals?.shown ?? '').replace(/^\[(.*)\]$/, '$1').split('|');
  const literals = alternatives.filter(isLiteral).map((word) => ({ word, description: '' }));
  if (!alternatives.includes('COMMAND')) return literals.length > 0 ? [{ after: name, words: literals }] : [];
  return names.map(({ after, words }) => ({
    after: `${name} ${after}`.trim(),
    words: after === '' ? [...words, ...literals] : words,
  }));
}

function valueOf(shown: string | undefined): FlagValue {
  if (shown === undefined) return { kind: 'none' };
  const alternatives = shown.split('|');
  if (alternatives.includes('FILE')) return { kind: 'file', shown };
  if (alternatives.includes('FOLDER')) return { kind: 'folder', shown };
  const words = alternatives.filter(isLiteral);
  return words.length > 0 ? { kind: 'words', shown, words } : { kind: 'any', shown };
}

const isLiteral = (text: string) => /^[a-z][a-z0-9-]*$/.test(text);
