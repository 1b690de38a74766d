import { type Config, readConfig } from '../config.ts';
import type { Arguments, Context } from './arguments.ts';
import type { Output } from './terminal/output.ts';

/** Reads the configuration only when a command uses it, so that help works in any environment. */
export function openContext(args: Arguments, output: Output, stop: AbortSignal): Context {
  let config: Config | undefined;
  return {
    output,
    stop,
    get config() {
      config ??= readConfig();
      return { ...config, dataDir: args.text('data') ?? config.dataDir };
    },
  };
}
