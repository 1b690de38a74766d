/** Called with what no client should be able to cause: the kind and place of an error, never its message. */
export type OnDefect = (where: string) => void;

/** The first line of a stack below the message, which may hold a value. */
export const placeOf = (error: unknown): string => {
  if (!(error instanceof Error)) return typeof error;
  const code = (error as { code?: unknown }).code;
  const place = /^\s+at .*$/m.exec(error.stack ?? '')?.[0].trim() ?? '';
  return [error.name, typeof code === 'string' ? code : '', place].filter(Boolean).join(' ');
};
