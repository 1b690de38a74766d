/** Help, generated from the definitions of commands and options. */
import { faults } from '../../core/fault-catalogue.ts';
import { type FaultCode, isFaultCode } from '../../core/faults.ts';
import { usageError } from '../../core/request-error.ts';
import { type Command, type CommandEntry, commonFlags, flagsOf } from '../arguments.ts';
import type { Output } from '../terminal/output.ts';

const exitCodeLines = [
  'Exit codes: 0 done; 1 unexpected error; 2 usage or configuration; 3 checked and not healthy; 4 not found;',
  '5 not allowed by Lockstep; 6 Salesforce refused; 7 database refused; 8 timed out; 130 interrupted.',
];

export const helpCommand = (commands: readonly CommandEntry[]): Command => ({
  positionals: { shown: '[COMMAND|config|CODE]', min: 0, max: 2 },
  usesConfig: false,
  run: ({ words }, { output }) => showHelp(words.join(' '), commands, output),
});

/** @param topic  empty, `config`, a command's name or the first word of some, or the code of an error */
export async function showHelp(
  topic: string,
  commands: readonly CommandEntry[],
  output: Output,
): Promise<void> {
  if (output.wantsJson) output.object({ schema: 1, ...(await helpData(topic, commands)) });
  else output.data(output.pasteable(await helpOf(topic, commands)));
}

/** As text. @param topic  see {@link showHelp} */
export async function helpOf(topic: string, commands: readonly CommandEntry[]): Promise<string> {
  const meant = meantBy(topic, commands);
  if (meant === 'config') return configText(await import('../../config.ts'));
  if (typeof meant === 'string') return faultText(meant);
  if (topic === '') return overview(commands);
  return (await Promise.all(meant.map(commandText))).join('\n\n');
}

/** The same for programs. */
async function helpData(topic: string, commands: readonly CommandEntry[]): Promise<object> {
  const meant = meantBy(topic, commands);
  if (meant === 'config')
    return {
      options: (await import('../../config.ts'))
        .configHelp()
        .map(({ unset, why, ...option }) => ({ ...option, default: unset, description: why })),
    };
  if (typeof meant === 'string') return { code: meant, ...faults[meant] };
  return { commands: await Promise.all(meant.map(commandData)) };
}

async function commandData({ name, summary, load }: CommandEntry): Promise<object> {
  const command = await load();
  const flags = Object.entries(flagsOf(command)).map(([flag, { value, short, description }]) => ({
    name: `--${flag}`,
    short: short === undefined ? null : `-${short}`,
    value: value ?? null,
    description,
  }));
  return { name, summary, positionals: command.positionals ?? null, flags };
}

/** @throws a usage error: there is nothing of this name */
function meantBy(
  topic: string,
  commands: readonly CommandEntry[],
): readonly CommandEntry[] | FaultCode | 'config' {
  if (topic === '') return commands;
  if (topic === 'config') return topic;
  const code = topic.toUpperCase();
  if (isFaultCode(code)) return code;
  const found = commands.filter(({ name }) => name === topic || name.startsWith(`${topic} `));
  if (found.length > 0) return found;
  throw usageError(`There is no command ${JSON.stringify(topic.slice(0, 80))}`);
}

/** What is filled in where the error is shown stays in braces. */
function faultText(code: FaultCode): string {
  const { title, explanation, next } = faults[code];
  return [`${code}: ${title}`, `  ${explanation}`, `  next: ${next}`].join('\n');
}

function overview(commands: readonly CommandEntry[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  return [
    'lockstep COMMAND [FLAGS]   keeps a Salesforce org and a PostgreSQL database in lockstep',
    '',
    ...commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    '',
    'Every command takes:',
    ...flagLines(commonFlags),
    '',
    'Data goes to standard output, everything else to standard error.',
    ...exitCodeLines,
  ].join('\n');
}

async function commandText({ name, summary, load }: CommandEntry): Promise<string> {
  const command = await load();
  const words = command.positionals ? ` ${command.positionals.shown}` : '';
  return [`lockstep ${name}${words}`, `  ${summary}`, '', ...flagLines(flagsOf(command))].join('\n');
}

function flagLines(flags: ReturnType<typeof flagsOf>): string[] {
  const shown = Object.entries(flags).map(([name, { value, short, description }]) => ({
    flag: `${short === undefined ? '' : `-${short}, `}--${name}${value ? ` ${value}` : ''}`,
    description,
  }));
  const width = Math.max(...shown.map(({ flag }) => flag.length));
  return shown.map(({ flag, description }) => `  ${flag.padEnd(width)}  ${description}`);
}

function configText({ configHelp }: typeof import('../../config.ts')): string {
  const options = configHelp().flatMap(({ name, form, unset, why }) => [
    name,
    `    ${form}`,
    ...(unset === '' ? [] : [`    default: ${unset}`]),
    `    ${why}`,
    '',
  ]);
  return ['Options, from the environment or from a file .env in the working directory:', '', ...options]
    .join('\n')
    .trimEnd();
}
