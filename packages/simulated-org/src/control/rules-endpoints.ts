import { RulesError, setRules } from '../write/rule-book.ts';
import { rulesSchema } from '../write/rules.ts';
import { type EndpointGroup, endpoint, reads } from './control-endpoint.ts';
import { ControlError } from './control-error.ts';

/** Validation rules and triggers, as people add them to an org. */
export const rulesEndpoints: EndpointGroup = {
  title: 'Rules',
  about: 'Validation rules and triggers in the form of [the rules file](org-rules.md). A restart keeps them.',
  endpoints: [
    reads('/rules', 'Returns the rules.', ({ rules }) => rules),
    endpoint({
      path: '/rules',
      does: 'Replaces all rules, for writes that begin from now on.',
      body: rulesSchema,
      example: {
        validationRules: [
          {
            sobject: 'Account',
            name: 'Name_is_not_a_test',
            condition: 'CONTAINS(LOWER(Name), "test")',
            message: 'No test records, please.',
            field: 'Name',
          },
        ],
      },
      async run(org, body) {
        try {
          await setRules(org, body);
        } catch (error) {
          if (error instanceof RulesError) throw new ControlError(400, error.problems.join('; '));
          throw error;
        }
      },
    }),
  ],
};
