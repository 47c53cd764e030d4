// Whether a witness elsewhere has signed the log lately, where the configuration wants the instance to stop without. A worker decides that
// itself, by signatures and by the log's own files: whoever tells it of signatures, or stops doing so, can only have it stop. It goes by
// what is kept at its start, and by the age of the instance where nothing is.
import { cosignedTime, readCosigned } from '../deployment/cosigned-checkpoints.ts';
import type { InstanceConfig } from '../deployment/instance.ts';
import { logOrigin } from '../formats/log-origin.ts';
import { ownCommand } from '../formats/own-command.ts';
import { parseCheckpoint } from '../formats/tlog-checkpoint.ts';
import { coveredUntil } from './covered-until.ts';

/** Only its member is looked at where requests pass. */
export interface WitnessedNow {
  /** Why operations are refused; undefined: they are not. */
  why: string | undefined;
}

export interface Witnessed extends Disposable {
  readonly now: WitnessedNow;
  /** A checkpoint that is said to be cosigned. */
  tell(note: string): void;
}

interface WitnessedOptions {
  readonly config: Pick<InstanceConfig, 'id' | 'name' | 'createdAt' | 'stopWithoutWitness'>;
  /** What the watcher keeps of the log. */
  readonly path: string;
  /** Folder of the log. */
  readonly audit: string;
  /** Seconds since 1970, of the machine; tests move it. */
  readonly now?: () => number;
}

/** It is looked at so often: timers do not see that a machine slept, or that its clock was set. */
const LOOK_AT_LEAST_EVERY_S = 300;
/** Notes that have counted and are not looked at again. */
const MOST_COUNTED = 64;

export function openWitnessed({ config, path, audit, now = () => Date.now() / 1000 }: WitnessedOptions): Witnessed {
  const { stopWithoutWitness: rule, id, name } = config;
  const state: WitnessedNow = { why: undefined };
  if (rule === undefined) return { now: state, tell: () => undefined, [Symbol.dispose]: () => undefined };
  // A checkpoint that the log has outgrown, cosigned anew, counts for no more than it did when it was the newest.
  const timeOf = (note: string): number => {
    const time = cosignedTime(note, { origin: logOrigin(id), keys: rule.keys, now: Math.floor(now()) });
    if (time === undefined) return Number.NEGATIVE_INFINITY;
    return Math.min(time, coveredUntil(audit, parseCheckpoint(note).checkpoint));
  };
  const kept = Math.max(...Object.values(readCosigned(path).checkpoints).map(timeOf), Number.NEGATIVE_INFINITY);
  const made = Date.parse(config.createdAt) / 1000;
  // A time that does not read is none.
  let last = Number.isFinite(kept) || Number.isNaN(made) ? kept : made;
  const counted = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  const look = (): void => {
    clearTimeout(timer);
    const left = last + rule.hours * 3600 - now();
    state.why = left > 0 ? undefined : whyStopped(name, last, rule.hours);
    const seconds = left > 0 ? Math.min(Math.max(left, 1), LOOK_AT_LEAST_EVERY_S) : LOOK_AT_LEAST_EVERY_S;
    timer = setTimeout(look, 1000 * seconds).unref();
  };
  look();
  return {
    now: state,
    tell(note) {
      const time = counted.has(note) ? Number.NEGATIVE_INFINITY : timeOf(note);
      if (Number.isFinite(time)) {
        if (counted.size === MOST_COUNTED) counted.clear();
        counted.add(note);
        last = Math.max(last, time);
      }
      look();
    },
    [Symbol.dispose]: () => clearTimeout(timer),
  };
}

function whyStopped(name: string, last: number, hours: number): string {
  const time = Number.isFinite(last) ? new Date(last * 1000).toISOString() : 'its beginning';
  return (
    `No witness has signed the audit log of this HSM since ${time}, and it was configured to refuse operations after ${hours} ` +
    `hours without one (withoutWitness). It goes on by itself when a witness signs again; its operator sees why none does with ` +
    `'${ownCommand(`audit witnesses --hsm-name ${name}`)}'`
  );
}
