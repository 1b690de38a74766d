/** What tests outside this package need of this room, besides its index. */

export { configHelp, readConfig } from '../config.ts';
export { CommandError } from '../core/command-error.ts';
export { chosenObjects, chosenRecords } from './chosen-objects.ts';
export { helpOf } from './commands/help.ts';
export { objectsText } from './commands/objects-list.ts';
export { asText, told, whyNotWell } from './commands/status.ts';
export { usageText } from './commands/usage.ts';
export { commands, findCommand } from './commands.ts';
export { readWithinMs } from './findings.ts';
export { type ObjectStatus, stopOf } from './object-status.ts';
export { ageOf, stateOf, timeOf } from './state-words.ts';
export { parseDuration } from './terminal/duration.ts';
export { pasteable, table } from './terminal/output.ts';
