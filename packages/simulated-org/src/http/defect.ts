/** Called with an error that no client should be able to cause: its kind and place, never its message. */
export type OnDefect = (where: string) => void;

/** The first stack line below the message, because the message may contain a value. */
export const placeOf = (error: unknown): string => {
  if (!(error instanceof Error)) return typeof error;
  const code = (error as { code?: unknown }).code;
  const place = /^\s+at .*$/m.exec(error.stack ?? '')?.[0].trim() ?? '';
  return [error.name, typeof code === 'string' ? code : '', place].filter(Boolean).join(' ');
};
