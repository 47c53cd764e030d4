// The file between a start that was refused because witnesses are missing and the operator who accepts what is there:
// the service writes what it found, the command adds who accepts it and why.
import { integer, list, record, ShapeError, text } from '../formats/shape.ts';

export interface Acceptance {
  readonly reason: string;
  /** Name of the operating system's user. */
  readonly by: string;
  /** ISO time. */
  readonly at: string;
}

export interface Unwitnessed {
  /** Of what nothing tells how new it must be: `store`, `log`. */
  readonly missing: readonly string[];
  readonly store: { readonly sequence: number; readonly hash: string; readonly newestInLog: number };
  /** The root is base64, as checkpoints have it. */
  readonly log: { readonly size: number; readonly root: string };
  readonly accepted?: Acceptance;
}

const NUMBER = integer(0, Number.MAX_SAFE_INTEGER);
const shape = record(
  {
    missing: list(text, 2),
    store: record({ sequence: NUMBER, hash: text, newestInLog: NUMBER }),
    log: record({ size: NUMBER, root: text }),
  },
  { accepted: record({ reason: text, by: text, at: text }) },
);

/** Undefined: there is none, or what is there is no such file and counts for nothing. */
export function readUnwitnessed(content: string | undefined): Unwitnessed | undefined {
  if (content === undefined) return undefined;
  try {
    return shape(JSON.parse(content), 'unwitnessed') as Unwitnessed;
  } catch (error) {
    if (error instanceof ShapeError || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
