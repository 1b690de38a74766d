/** What tests outside this package need of this room, besides its index. */

export type { Knob } from './knob.ts';
export { knobGroups, schemaOf } from './knobs.ts';
export { namedAnswers } from './named-answers.ts';
