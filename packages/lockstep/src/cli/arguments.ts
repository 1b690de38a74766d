/** What a command looks like, and how its command line is parsed. */
import { parseArgs } from 'node:util';
import { nearNames } from '@lockstep/foundation/near-names';
import { shellWord } from '@lockstep/foundation/shell-words';
import type { Config } from '../config.ts';
import { usageError } from '../core/request-error.ts';
import type { Output } from './terminal/output.ts';

export interface Flag {
  /** How help names the value; a flag without one is a switch. */
  value?: string;
  /** One letter, as in `-f`. */
  short?: string;
  description: string;
}

export interface Context {
  /** Read at first use, so that help works in any environment. */
  readonly config: Config;
  readonly output: Output;
  /** Aborts when the user or the system asks this process to end. */
  readonly stop: AbortSignal;
}

/** A command as help lists it. */
export interface CommandEntry {
  /** As it is typed, such as `sync create`. */
  name: string;
  summary: string;
  load: () => Promise<Command>;
}

export interface Command {
  /** The positional arguments as help shows them, and how many there may be. */
  positionals?: { shown: string; min: number; max: number };
  flags?: Readonly<Record<string, Flag>>;
  /** False: it needs no option, so that it works in any environment. */
  usesConfig?: boolean;
  /** Returns the exit code; nothing means 0. */
  run(args: Arguments, context: Context): Promise<number | void>;
}

export interface Arguments {
  words: readonly string[];
  isSet(flag: string): boolean;
  text(flag: string): string | undefined;
  /** A number in the range; `otherwise` if the flag is not given. */
  number(flag: string, range: { min: number; max: number; otherwise: number; whole?: boolean }): number;
}

/** Flags that every command takes. */
export const commonFlags: Readonly<Record<string, Flag>> = {
  json: { description: 'One JSON object on standard output.' },
  data: { value: 'FOLDER', description: 'The data directory, in place of LOCKSTEP_DATA.' },
  help: { description: 'What the command does and takes.' },
};

/** Of every command that concerns one sync. */
export const syncFlag: Flag = {
  value: 'SYNC',
  description: 'Name or id; optional if there is only one sync.',
};

export const flagsOf = (command: Command): Readonly<Record<string, Flag>> => ({
  ...command.flags,
  ...commonFlags,
});

/** @throws a usage error that names what is wrong */
export function readArguments(name: string, command: Command, given: readonly string[]): Arguments {
  const flags = flagsOf(command);
  const help = `lockstep help ${name}`;
  const { values, positionals } = parse(flags, given, help);
  const { min, max } = command.positionals ?? { min: 0, max: 0 };
  const asksForHelp = values.help === true;
  if (!asksForHelp && positionals.length < min)
    throw usageError(`${name} needs ${command.positionals?.shown}`, help);
  const surplus = positionals[max];
  if (surplus !== undefined) {
    const isSync = max === 0 && flags.sync !== undefined;
    const next = isSync ? `lockstep ${name} --sync ${shellWord(surplus)}` : help;
    throw usageError(`${name} does not take ${JSON.stringify(surplus)}`, next);
  }
  const text = (flag: string) => {
    const value = values[flag];
    return typeof value === 'string' ? value : undefined;
  };
  return {
    words: positionals,
    isSet: (flag) => values[flag] !== undefined,
    text,
    number(flag, { min: least, max: most, otherwise, whole = true }) {
      const value = text(flag);
      if (value === undefined) return otherwise;
      const number = /^\d{1,15}(\.\d{1,6})?$/.test(value) ? Number(value) : Number.NaN;
      if (number >= least && number <= most && (!whole || Number.isInteger(number))) return number;
      throw usageError(
        `--${flag} takes ${whole ? 'a whole number' : 'a number'} from ${least} to ${most}`,
        help,
      );
    },
  };
}

function parse(flags: Readonly<Record<string, Flag>>, given: readonly string[], help: string) {
  const options = Object.fromEntries(
    Object.entries(flags).map(([name, { value, short }]) => [
      name,
      { type: value ? ('string' as const) : ('boolean' as const), ...(short !== undefined && { short }) },
    ]),
  );
  try {
    return parseArgs({ args: withNegativeNumbers(flags, given), options, allowPositionals: true });
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (typeof code !== 'string' || !code.startsWith('ERR_PARSE_ARGS_')) throw error;
    const message = (error as Error).message;
    const misused = /'(?:-\w, )?--([\w-]+)/.exec(
      code === 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE' ? message : '',
    )?.[1];
    const [says = ''] = message.split(/\. |\n/);
    if (misused !== undefined) {
      const value = flags[misused]?.value;
      throw usageError(value ? `--${misused} needs a value: ${value}` : `--${misused} takes no value`, help);
    }
    const unknown = /'--([\w-]+)/.exec(code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION' ? says : '')?.[1];
    const near = unknown === undefined ? [] : nearNames(unknown, Object.keys(flags));
    throw usageError(
      `${says}${near.length > 0 ? `. Near: ${near.map((name) => `--${name}`).join(', ')}` : ''}`,
      help,
    );
  }
}

/** A negative number is a value, not a flag: the command then refuses it with its own message. */
function withNegativeNumbers(flags: Readonly<Record<string, Flag>>, given: readonly string[]): string[] {
  const words: string[] = [];
  for (const word of given) {
    const before = words.at(-1);
    const takesIt = before?.startsWith('--') && flags[before.slice(2)]?.value !== undefined;
    if (takesIt && /^-\d/.test(word)) words[words.length - 1] = `${before}=${word}`;
    else words.push(word);
  }
  return words;
}
