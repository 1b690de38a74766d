import { z } from 'zod';
import { binEndpoints } from './bin-endpoints.ts';
import { bulkEndpoints } from './bulk-endpoints.ts';
import { clockEndpoints } from './clock-endpoints.ts';
import type { ControlEndpoint, EndpointGroup } from './control-endpoint.ts';
import { faultEndpoints } from './fault-endpoints.ts';
import { metadataEndpoints } from './metadata-endpoints.ts';
import { orgEndpoints } from './org-endpoints.ts';
import { queryEndpoints } from './query-endpoints.ts';
import { rightsEndpoints } from './rights-endpoints.ts';
import { rulesEndpoints } from './rules-endpoints.ts';
import { schemaEndpoints } from './schema-endpoints.ts';
import { signInEndpoints } from './sign-in-endpoints.ts';
import { stampEndpoints } from './stamp-endpoints.ts';
import { transactionEndpoints } from './transaction-endpoints.ts';
import { visibilityEndpoints } from './visibility-endpoints.ts';

/** All that the control API can do. A new group gets its own file and is added here. */
export const endpointGroups: readonly EndpointGroup[] = [
  clockEndpoints,
  transactionEndpoints,
  stampEndpoints,
  binEndpoints,
  schemaEndpoints,
  metadataEndpoints,
  rulesEndpoints,
  rightsEndpoints,
  visibilityEndpoints,
  queryEndpoints,
  faultEndpoints,
  bulkEndpoints,
  signInEndpoints,
  orgEndpoints,
];

export const schemaOf = ({ body }: ControlEndpoint): object => {
  const { $schema: _, ...schema } = z.toJSONSchema(body, { io: 'input', unrepresentable: 'any' });
  return schema;
};

/** The answer of `GET /`. */
export const listing = () => ({
  does: 'Controls the time and the faults of a simulated Salesforce org. GET reads; POST, with a JSON body, acts.',
  groups: endpointGroups.map(({ title, about, endpoints }) => ({
    title,
    about,
    endpoints: endpoints.map((endpoint) => ({
      method: endpoint.method,
      path: endpoint.path,
      does: endpoint.does,
      ...(endpoint.method === 'POST' && { body: schemaOf(endpoint), example: endpoint.example }),
    })),
  })),
});
