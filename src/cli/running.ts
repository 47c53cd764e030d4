// Commands that speak of a running copy: which data directory is meant, and what runs in it.
import { existsSync } from 'node:fs';
import { productionFile } from '../deployment/production-file.ts';
import { mayReadRunningState, type RunningState, readRunningState } from '../deployment/running-state.ts';
import { ConfigError, dataRoot } from '../deployment/start-config.ts';
import { optionWords, ownCommand } from '../formats/own-command.ts';
import { CHECKOUT } from './checkout.ts';
import { CommandError } from './command.ts';

/** @throws CommandError */
export function dataRootOf(flag: string | undefined): string {
  try {
    return dataRoot(flag, process.env, CHECKOUT);
  } catch (error) {
    if (error instanceof ConfigError) throw new CommandError(error.message);
    throw error;
  }
}

/** @throws CommandError that says how to start one */
export function requireRunning(root: string): RunningState {
  const state = readRunningState(root);
  if (state !== undefined) return state;
  if (!mayReadRunningState(root)) {
    throw new CommandError(
      `${root} cannot be read by this user, so nothing is known of what serves from it; ask as the user that it belongs to`,
    );
  }
  // The directory that both mean by themselves needs no name.
  const place = root === dataRootOf(undefined) ? '' : optionWords({ data: root });
  const start = existsSync(productionFile(root))
    ? `'${ownCommand(`start --profile production --config FILE${place}`)}'`
    : `'npm start${place === '' ? '' : ` --${place}`}' or '${ownCommand(`start${place}`)}'`;
  throw new CommandError(
    `no strongroom serves from ${root}; start one with ${start}, or name its data directory with --data or $STRONGROOM_DATA`,
  );
}
