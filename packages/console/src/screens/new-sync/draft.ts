/**
 * What has been answered so far. It outlives a visit to another screen, and but for the secrets a reload; it ends with
 * the sync's creation or with the session.
 */
import { useSyncExternalStore } from 'react';
import { onSignOut } from '../../api/changes.ts';

export type Place = 'my domain' | 'production' | 'sandbox';
export type Flow = 'web server' | 'jwt bearer' | 'client credentials' | 'refresh token';

/** What a reload keeps, in this tab. */
export interface Answers {
  /** The place of the furthest step that was opened. */
  reached: number;
  place: Place;
  domain: string;
  flow: Flow;
  clientId: string;
  username: string;
  keyFrom: 'made here' | 'pasted';
  keyName: string;
  /** API names; null: not chosen yet. */
  objects: readonly string[] | null;
  /** `Account.Description`. */
  leftOut: readonly string[];
  /** As typed; empty: what suits the org. */
  everySeconds: string;
  stopAtPercent: string;
  destination: 'private' | 'own';
  host: string;
  port: string;
  database: string;
  schema: string;
  sharesSchema: boolean;
  hasTunnel: boolean;
  tunnelHost: string;
  tunnelPort: string;
  tunnelUser: string;
  tunnelHostKey: string;
  name: string;
}

/** What only this page's memory keeps. */
export interface Secrets {
  clientSecret: string;
  privateKey: string;
  refreshToken: string;
  /** Of a sign-in at Salesforce that is done. */
  signIn: string;
  /** Addresses with passwords. */
  url: string;
  readerUrl: string;
  authority: string;
  tunnelKey: string;
}

export type Draft = Answers & Secrets;

const noAnswers: Answers = {
  reached: 0,
  place: 'my domain',
  domain: '',
  flow: 'web server',
  clientId: '',
  username: '',
  keyFrom: 'made here',
  keyName: '',
  objects: null,
  leftOut: [],
  everySeconds: '',
  stopAtPercent: '90',
  destination: 'private',
  host: '',
  port: '5432',
  database: '',
  schema: 'salesforce',
  sharesSchema: false,
  hasTunnel: false,
  tunnelHost: '',
  tunnelPort: '22',
  tunnelUser: '',
  tunnelHostKey: '',
  name: '',
};
const noSecrets: Secrets = {
  clientSecret: '',
  privateKey: '',
  refreshToken: '',
  signIn: '',
  url: '',
  readerUrl: '',
  authority: '',
  tunnelKey: '',
};

const storedAs = 'lockstep.new-sync';
const listeners = new Set<() => void>();
let draft: Draft = { ...noAnswers, ...read(), ...noSecrets };

export const useDraft = (): Draft => useSyncExternalStore(subscribe, () => draft);

export const readDraft = (): Draft => draft;

export function changeDraft(change: Partial<Draft>): void {
  draft = { ...draft, ...change };
  const answers = Object.fromEntries(
    Object.keys(noAnswers).map((name) => [name, draft[name as keyof Answers]]),
  );
  try {
    sessionStorage.setItem(storedAs, JSON.stringify(answers));
  } catch {
    // Storage is switched off: a reload asks for everything again.
  }
  tell();
}

const forgetting = new Set<() => void>();

/** Calls back when all answers are forgotten, for what has come of them. */
export function onForgotten(listener: () => void): void {
  forgetting.add(listener);
}

export function forgetDraft(): void {
  draft = { ...noAnswers, ...noSecrets };
  try {
    sessionStorage.removeItem(storedAs);
  } catch {
    // Storage is switched off.
  }
  for (const listener of forgetting) listener();
  tell();
}
onSignOut(forgetDraft);

function tell(): void {
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Only what has the form of today's answers: another version of the console may have stored them. */
function read(): Partial<Answers> {
  try {
    const known = JSON.parse(sessionStorage.getItem(storedAs) ?? '{}') as Record<string, unknown>;
    const entries = Object.entries(noAnswers).flatMap(([name, usual]) => {
      const value = known[name];
      const isFit =
        Array.isArray(usual) || name === 'objects' ? isNames(value) : typeof value === typeof usual;
      return isFit ? [[name, value]] : [];
    });
    return Object.fromEntries(entries) as Partial<Answers>;
  } catch {
    return {};
  }
}

// Hoisted: it is needed while this module loads.
function isNames(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}
