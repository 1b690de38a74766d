import { z } from 'zod';
import type { Org } from '../org.ts';
import { parseId } from '../write/ids.ts';
import { ControlError } from './control-error.ts';

/**
 * One endpoint of the control API: its path, and what it does to the org. Each file of endpoints exports its group;
 * the server, the list at `GET /` and the page docs/simulator.md are built from these and nothing else.
 */
export interface ControlEndpoint<Schema extends z.ZodType = z.ZodType> {
  /** GET reads, POST acts. */
  method: 'GET' | 'POST';
  path: `/${string}`;
  does: string;
  /** For a POST; its descriptions are part of the list. */
  body: Schema;
  /** A body that the schema accepts. */
  example: z.input<Schema>;
  /** Returns the answer; nothing is answered as `{}`. */
  run(org: Org, body: z.output<Schema>): Promise<object | void> | object | void;
}

export interface EndpointGroup {
  title: string;
  /** A sentence or two for the page. */
  about: string;
  endpoints: readonly ControlEndpoint[];
}

const nothing = z.strictObject({});

export const reads = (
  path: `/${string}`,
  does: string,
  run: (org: Org) => Promise<object> | object,
): ControlEndpoint => ({
  method: 'GET',
  path,
  does,
  body: nothing,
  example: {},
  run,
});

export const endpoint = <Schema extends z.ZodType>(
  given: Omit<ControlEndpoint<Schema>, 'method'>,
): ControlEndpoint => ({ method: 'POST', ...given }) as ControlEndpoint;

/** @throws {@link ControlError} for a name that is not a user's */
export function userIdOf({ settings }: Org, name = 'integration'): string {
  if (name === 'integration') return settings.integrationUserId;
  if (name === 'demo') return settings.demoUserId;
  const id = parseId(name);
  if (id?.startsWith('005')) return id;
  throw new ControlError(
    400,
    `${JSON.stringify(name)} is not a user: give integration, demo or the Id of a user`,
  );
}

/** @throws {@link ControlError} for an sobject that the org does not have */
export function sobjectNamed({ sobjects }: Org, name: string) {
  const def = sobjects.get(name.toLowerCase());
  if (def) return def;
  const names = [...sobjects.values()].map((one) => one.name);
  throw new ControlError(404, `there is no sobject ${JSON.stringify(name)}: give one of ${names.join(', ')}`);
}
