// Tells a running supervisor that an operator's mark has changed, and waits until it has done what the mark says.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { MARKS_CHANGED } from '../../../deployment/operators-mark.ts';
import { type RunningState, readRunningState } from '../../../deployment/running-state.ts';
import { CommandError } from '../../command.ts';
import type { InstanceFolder } from '../../instance-folder.ts';

const PATIENCE_MS = 45_000;
const LOOK_MS = 100;

/** @returns the state in which it holds; undefined when nothing runs @throws CommandError when it takes too long */
export async function heed(
  { data, name, at }: InstanceFolder,
  holds: (state: RunningState) => boolean,
): Promise<RunningState | undefined> {
  const state = readRunningState(data);
  if (state === undefined) return undefined;
  if (existsSync(join(at.root, 'stopped'))) {
    throw new CommandError(`'${name}' was deleted at the resource manager: it is recovered there`);
  }
  process.kill(state.pids.supervisor, MARKS_CHANGED);
  // Another process's file: there is nothing to be told by.
  for (const end = performance.now() + PATIENCE_MS; performance.now() < end; await delay(LOOK_MS)) {
    const now = readRunningState(data);
    if (now === undefined) return undefined;
    if (holds(now)) return now;
  }
  throw new CommandError(
    `'${name}' has not got there within ${PATIENCE_MS / 1000} s; its logs are in ${join(data, 'logs')}`,
  );
}
