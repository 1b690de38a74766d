import { assert } from '@lockstep/foundation/assert';
import type { Config } from '../config.ts';
import type { Arguments, Command, Context } from './arguments.ts';
import type { Output } from './terminal/output.ts';

/** The configuration is read when a command first uses it, and not even loaded for one that uses none. */
export async function openContext(
  { usesConfig = true }: Command,
  args: Arguments,
  output: Output,
  stop: AbortSignal,
): Promise<Context> {
  const loaded = usesConfig ? await import('../config.ts') : null;
  let config: Config | undefined;
  return {
    output,
    stop,
    get config() {
      assert(loaded, 'a command that uses options says so');
      config ??= loaded.readConfig();
      const dataDir = args.text('data');
      // A directory that is named means the server that runs on it.
      const local = { serverUrl: undefined, serverKey: undefined, loginFile: undefined };
      return dataDir === undefined ? config : { ...config, ...local, dataDir };
    },
  };
}
