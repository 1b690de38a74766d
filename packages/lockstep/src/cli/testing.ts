/** What tests outside this package need from this room, besides its index. */

export { configHelp, readConfig } from '../config.ts';
export { timeOf, timeSince } from '../core/plain-words.ts';
export { RequestError } from '../core/request-error.ts';
export { chosenObjects, chosenRecords } from '../operations/chosen-objects.ts';
export { maxReadAgeMs } from '../operations/findings.ts';
export { type ObjectStatus, stopReasonOf } from '../operations/read-objects.ts';
export { stateOf } from '../operations/state-words.ts';
export { statusOf, whyNotWell } from '../operations/sync-status.ts';
export { helpOf } from './commands/help.ts';
export { objectsText } from './commands/objects-list.ts';
export { asText } from './commands/status.ts';
export { usageText } from './commands/usage.ts';
export { commands, findCommand } from './commands.ts';
export { parseDuration } from './terminal/duration.ts';
export { pasteable, table } from './terminal/output.ts';
