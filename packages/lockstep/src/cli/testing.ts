/** What tests outside this package need from this room, besides its index. */

export { configHelp, readConfig } from '../config.ts';
export { timeOf, timeSince } from '../core/plain-words.ts';
export { maxReadAgeMs } from '../operations/object-state.ts';
export { helpOf } from './commands/help.ts';
export { objectsText } from './commands/objects-list.ts';
export { statusText } from './commands/status.ts';
export { usageText } from './commands/usage.ts';
export { commands, findCommand } from './commands.ts';
export { parseDuration } from './terminal/duration.ts';
export { pasteable, table } from './terminal/output.ts';
export { headLine, objectBars, openTotals, phaseOf, totalLine } from './terminal/progress-lines.ts';
