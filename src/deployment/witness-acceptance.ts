// The file between a start that was refused because witnesses are missing and the operator who accepts what is there:
// the service writes what it found, the command adds who accepts it and why.
import { integer, list, record, ShapeError, text } from '../formats/shape.ts';

const acceptance = record({
  reason: text,
  /** Name of the operating system's user. */
  by: text,
  /** ISO time. */
  at: text,
});
export type Acceptance = ReturnType<typeof acceptance>;

const NUMBER = integer(0, Number.MAX_SAFE_INTEGER);
const shape = record(
  {
    /** Of what nothing tells how new it must be: `store`, `log`. */
    missing: list(text, 2),
    store: record({ sequence: NUMBER, hash: text, newestInLog: NUMBER }),
    /** The root is base64, as checkpoints have it. */
    log: record({ size: NUMBER, root: text }),
  },
  { accepted: acceptance },
);
export type MissingWitness = ReturnType<typeof shape>;

/** Undefined: there is none, or what is there is no such file and counts for nothing. */
export function readMissingWitness(content: string | undefined): MissingWitness | undefined {
  if (content === undefined) return undefined;
  try {
    return shape(JSON.parse(content), 'unwitnessed');
  } catch (error) {
    if (error instanceof ShapeError || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
