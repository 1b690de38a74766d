/** How far a request is that makes something and takes its time. */
export interface Progress {
  /** What is being done: `describing objects`. */
  step: string;
  done: number;
  of: number;
}

export type Report = (progress: Progress) => void;
