import { jobsAnswer } from '../bulk/jobs.ts';
import { injectedCall } from '../control/injected.ts';
import { type Answer, answer, dataPath } from '../http/answer.ts';
import { type Call } from '../http/call.ts';
import { methodNotAllowed, notFound, versionRetired } from '../http/errors.ts';
import type { Org } from '../org.ts';
import { batch } from './batch.ts';
import { collections } from './collections.ts';
import { composite } from './composite.ts';
import { describeGlobal } from './describe.ts';
import { graph } from './graph.ts';
import { limits, recordCount } from './limits.ts';
import { query, queryMore } from './query.ts';
import { sobjectAnswer } from './rows.ts';
import { tree } from './tree.ts';

/**
 * Everything below `/services/data/vXX.X`, as a request of its own or inside a composite. Salesforce retired the versions
 * before 31.0 in 2025, and will retire those before 41.0 in 2028.
 */
export const versionMin = 31;
export const versionMax = 68;
export async function route(call: Call): Promise<Answer> {
  checkVersion(call);
  const [resource, first, ...more] = call.path;
  switch (resource) {
    case undefined:
      return resources(call);
    case 'sobjects': {
      if (first === undefined) return describeGlobal(call);
      const def = call.sobjects.get(first.toLowerCase());
      if (!def) throw notFound();
      return sobjectAnswer(call, def, more);
    }
    case 'query':
    case 'queryAll':
      if (more.length > 0) throw notFound();
      return first === undefined ? query(call, resource === 'queryAll') : queryMore(call, first);
    case 'limits':
      if (first === undefined) return limits(call);
      if (first !== 'recordCount' || more.length > 0) throw notFound();
      return recordCount(call);
    case 'composite':
      return first === undefined ? composite(call, routeInside) : compositeBelow(call, first, more);
    case 'jobs':
      return jobsAnswer(call);
    default:
      throw notFound();
  }
}

const routeInside = (call: Call): Promise<Answer> => injectedCall(call, route);

async function compositeBelow(call: Call, resource: string, path: readonly string[]): Promise<Answer> {
  switch (resource) {
    case 'sobjects':
      return collections(call, path);
    case 'batch':
      if (path.length > 0) throw notFound();
      return batch(call, routeInside);
    case 'graph':
      if (path.length > 0) throw notFound();
      return graph(call, routeInside);
    case 'tree': {
      const [sobject, ...more] = path;
      if (sobject === undefined || more.length > 0) throw notFound();
      return tree(call, sobject);
    }
    default:
      throw notFound();
  }
}

const oldestServed = ({ control }: Org): number => Math.max(versionMin, control.retiredUntil + 1);

function checkVersion({ org, version }: Call): void {
  const number = Number(version);
  if (number < oldestServed(org)) throw versionRetired();
  if (!Number.isInteger(number) || number > versionMax) throw notFound();
}

function resources(call: Call): Answer {
  if (call.method !== 'GET') throw methodNotAllowed(call.method, ['GET', 'HEAD']);
  const names = ['sobjects', 'query', 'queryAll', 'composite', 'limits', 'jobs'];
  const paths = Object.fromEntries(names.map((name) => [name, dataPath(call.version, name)]));
  return answer(200, { ...paths, identity: `${call.org.url}/id/${call.org.id}/${call.userId}` });
}

const seasons = ['Spring', 'Summer', 'Winter'] as const;

/** `/services/data`, which needs no token. Spring '14 was 30.0; there are three releases a year. */
export function versions(org: Org): Answer {
  const oldest = oldestServed(org);
  const served = Array.from({ length: versionMax - oldest + 1 }, (_, i) => oldest + i);
  return answer(
    200,
    served.map((number) => {
      const sinceSpring14 = number - 30;
      const season = seasons[sinceSpring14 % 3];
      // A Winter release is named after the following year.
      const year = 14 + Math.floor((sinceSpring14 + 1) / 3);
      return {
        // One release's label has a different apostrophe.
        label: `${season} ${number === 42 ? '’' : "'"}${year}`,
        url: dataPath(`${number}.0`),
        version: `${number}.0`,
      };
    }),
  );
}
