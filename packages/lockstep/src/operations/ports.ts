/**
 * `ports.json` in the data directory: which port a part took because the one asked for was taken. It is tried first
 * at the next start, so that addresses that people have noted stay valid. To forget them, delete the file.
 */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

export type ListeningPart = 'proxy' | 'metrics' | 'api' | 'postgres' | 'org' | 'org-control';

const portsSchema = z.record(z.string(), z.object({ requested: z.int(), port: z.int() }));
type Ports = z.infer<typeof portsSchema>;

const pathOf = (dataDir: string) => join(dataDir, 'ports.json');

/** Where to listen first: the port of last time, if the same one was asked for then. 0 stays 0, any free one. */
export async function preferredPort(
  dataDir: string,
  part: ListeningPart,
  requested: number,
): Promise<number> {
  const last = (await readPorts(dataDir))[part];
  return last?.requested === requested && requested !== 0 ? last.port : requested;
}

/** Remembers where a part listens, for its next start. */
export async function rememberPort(
  dataDir: string,
  part: ListeningPart,
  requested: number,
  port: number,
): Promise<void> {
  const ports = await readPorts(dataDir);
  const isKnown = (ports[part]?.port ?? requested) === port && (ports[part]?.requested ?? port) === requested;
  if (requested === 0 || isKnown) return;
  const unfinished = `${pathOf(dataDir)}.${process.pid}`;
  await writeFile(unfinished, `${JSON.stringify({ ...ports, [part]: { requested, port } })}\n`, {
    mode: 0o600,
  });
  await rename(unfinished, pathOf(dataDir));
}

/** Nothing if the file is missing or not one of ours: then every part begins with the port asked for. */
async function readPorts(dataDir: string): Promise<Ports> {
  const text = await readFile(pathOf(dataDir), 'utf8').catch(() => '{}');
  try {
    return portsSchema.parse(JSON.parse(text));
  } catch {
    return {};
  }
}
