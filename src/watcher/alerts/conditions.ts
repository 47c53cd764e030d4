// Conditions of rules: expressions of the Common Expression Language (CEL), which has no loops, no assignments and no way out of what it
// is given. What a rule's author wrote is checked when it is read; what an entry holds is a stranger's.
import { Environment, serialize } from '@marcbachmann/cel-js';
import { ShapeError } from '../../formats/shape.ts';

/** What a condition over entries may ask about. */
export interface EntryFacts {
  /** The whole entry. */
  readonly entry: Readonly<Record<string, unknown>>;
  /** Its `properties.detail`; empty: it has none. */
  readonly detail: Readonly<Record<string, unknown>>;
  /** Object id of the caller; '': nobody had proven who they are. */
  readonly caller: string;
  /** Name of the instance; `@management`. */
  readonly log: string;
}

/** Over a state that is held against it again and again. */
export interface StateFacts {
  readonly state: Readonly<Record<string, unknown>>;
  /** The instance; '' for the deployment as a whole. */
  readonly subject: string;
}

/** Over a figure that is held against it again and again. */
export interface MetricFacts {
  readonly value: number;
  /** As the table of metrics has them. */
  readonly labels: Readonly<Record<string, string>>;
  /** The instance, `@management`; '' for the deployment as a whole. */
  readonly subject: string;
  /** Seconds since 1970. */
  readonly now: number;
}

/** For what is said of it. */
export interface ShownMetric extends MetricFacts {
  /** The value; of a time in ISO 8601. */
  readonly shown: string;
}

/** Undefined: it asks for a member that is not there, or compares what cannot be compared. */
export type Expression<F> = (facts: F) => unknown;

const environment = (): Environment =>
  new Environment({
    enableOptionalTypes: true,
    limits: { maxAstNodes: 500, maxDepth: 50, maxListElements: 200, maxMapEntries: 50, maxCallArguments: 8 },
  });
const OVER_ENTRIES = environment()
  .registerVariable('entry', 'map<string, dyn>')
  .registerVariable('detail', 'map<string, dyn>')
  .registerVariable('caller', 'string')
  .registerVariable('log', 'string');
const OVER_STATE = environment().registerVariable('state', 'map<string, dyn>').registerVariable('subject', 'string');
const overMetric = (): Environment =>
  environment()
    .registerVariable('value', 'double')
    .registerVariable('labels', 'map<string, string>')
    .registerVariable('subject', 'string')
    .registerVariable('now', 'double');

export const entryCondition = reader<EntryFacts>(OVER_ENTRIES, 'bool');
export const entryText = reader<EntryFacts>(OVER_ENTRIES, 'string');
export const stateCondition = reader<StateFacts>(OVER_STATE, 'bool');
export const metricCondition = reader<MetricFacts>(overMetric(), 'bool');
export const stateText = reader<StateFacts>(OVER_STATE, 'string');
export const metricText = reader<ShownMetric>(overMetric().registerVariable('shown', 'string'), 'string');

function reader<F>(environment: Environment, wanted: 'bool' | 'string') {
  return (value: unknown, path: string): Expression<F> => {
    if (typeof value !== 'string' || value.length > 4096) throw new ShapeError(`${path} must be a CEL expression`);
    const parsed = compiled(environment, value, path);
    // CEL's own expressions take linear time; this library has those of JavaScript, which a caller's text could keep busy for ever.
    // Written anew it has no comments.
    if (/\bmatches\s*\(/.test(serialize(parsed.ast)))
      throw new ShapeError(`${path}: matches() is not taken; use startsWith, contains, in`);
    const { valid, type = '', error } = parsed.check();
    if (!valid) throw new ShapeError(`${path}: ${firstLine(error)}`);
    if (type !== wanted && type !== 'dyn') throw new ShapeError(`${path} is a ${type}; it must be a ${wanted}`);
    return (facts) => {
      try {
        return parsed(facts as unknown as Record<string, unknown>) as unknown;
      } catch {
        return undefined;
      }
    };
  };
}

function compiled(environment: Environment, text: string, path: string) {
  try {
    return environment.parse(text);
  } catch (cause) {
    throw new ShapeError(`${path}: ${firstLine(cause)}`, { cause });
  }
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? '';
}
