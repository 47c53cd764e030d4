// What the three alias commands have in common: the book on disk, and waiting until a running copy goes by it.

import { existsSync, readdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { type Aliases, readAliases, writeAliases } from '../../../deployment/aliases.ts';
import { places } from '../../../deployment/data-layout.ts';
import { type RunningState, readRunningState } from '../../../deployment/running-state.ts';
import { ConfigError } from '../../../deployment/start-config.ts';
import { CommandError } from '../../command.ts';

const PATIENCE_MS = 60_000;
const LOOK_EVERY_MS = 50;

/** @throws CommandError */
export function bookOf(root: string): Aliases {
  try {
    return readAliases(root);
  } catch (error) {
    if (error instanceof ConfigError) throw new CommandError(error.message, { cause: error });
    throw error;
  }
}

/** Names of the instances of a data directory. @throws CommandError when there is no such directory */
export function instancesOf(root: string): readonly string[] {
  const at = places(root);
  if (!existsSync(at.instances)) throw new CommandError(`there are no instances in ${root}`);
  return readdirSync(at.instances).filter((name) => existsSync(at.instance(name).config));
}

/** It answers under its names, or will when its operator starts it. */
export function isSettled({ instances }: RunningState, instance: string): boolean {
  const { port = 1, activation = '' } = instances[instance] ?? {};
  return port !== 0 || activation === 'Stopped';
}

/**
 * Writes the book and waits until whatever runs goes by it.
 * @param isDone said of a copy that runs
 * @returns whether one does
 */
export async function apply(
  root: string,
  aliases: Aliases,
  isDone: (state: RunningState) => boolean,
): Promise<'applied' | 'nothing runs'> {
  await writeAliases(root, aliases);
  const until = performance.now() + PATIENCE_MS;
  for (;;) {
    const state = readRunningState(root);
    if (state === undefined) return 'nothing runs';
    if (isDone(state)) return 'applied';
    if (performance.now() > until) {
      throw new CommandError(
        `it is written down, but the service does not go by it after ${PATIENCE_MS / 1000} s; see what it has printed`,
      );
    }
    await delay(LOOK_EVERY_MS);
  }
}
