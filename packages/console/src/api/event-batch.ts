/**
 * Takes events as they come and hands them on together: a sync of a thousand objects begins its stream with as many
 * events, and each handing on renders.
 */
const everyMs = 100;

export interface EventBatch {
  add(type: string, data: unknown): void;
  /** Hands on at once what waits. */
  flush(): void;
}

type Handlers = Record<string, (data: never[]) => void>;

export function eventBatch(handlers: Handlers): EventBatch {
  const waiting = new Map<string, unknown[]>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    const all = [...waiting];
    waiting.clear();
    for (const [type, data] of all) handlers[type]?.(data as never[]);
  };
  return {
    add(type, data) {
      const known = waiting.get(type);
      if (known) known.push(data);
      else waiting.set(type, [data]);
      timer ??= setTimeout(flush, everyMs);
    },
    flush,
  };
}
