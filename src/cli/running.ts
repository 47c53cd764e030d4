// Commands that speak of a running copy: which data directory is meant, and what runs in it.
import { existsSync, statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { type Places, places } from '../deployment/data-layout.ts';
import { mayReadRunningState, type RunningState, readRunningState } from '../deployment/running-state.ts';
import { dataRoot } from '../deployment/start-config.ts';
import { optionWords, ownCommand } from '../formats/own-command.ts';
import { CHECKOUT } from './checkout.ts';
import { CommandError } from './command.ts';
import { explained } from './explained.ts';

export function dataRootOf(flag: string | undefined): string {
  return explained(() => dataRoot(flag, process.env, CHECKOUT), { ConfigError: '' });
}

/** What another user writes there, those who serve from it cannot read. @throws CommandError */
export function requireOwn(root: string): void {
  const self = process.geteuid?.();
  const uid = explained(() => statSync(root, { throwIfNoEntry: false }), { system: '' })?.uid;
  if (self === undefined || uid === undefined || uid === self) return;
  throw new CommandError(
    `${root} belongs to another user (uid ${uid}), who could not read what this command writes there: run it as that user`,
  );
}

/** For commands that read files whether a service runs or not. @throws CommandError where nothing of one is, or can be seen by this user */
export function placesWithData(flag: string | undefined): Places {
  const at = places(dataRootOf(flag));
  if (![at.control, at.instances, at.watch, at.alertTests].some((each) => existsSync(each))) requireRunning(at.root);
  return at;
}

const LOOK_MS = 50;

/**
 * Waits until what runs has got there. It is another process's file: there is nothing to be told by.
 * @param late what is said when it takes longer @returns undefined where nothing runs @throws CommandError
 */
export async function untilRunning(
  root: string,
  holds: (state: RunningState) => boolean,
  patienceMs: number,
  late: string,
): Promise<RunningState | undefined> {
  for (const end = performance.now() + patienceMs; ; await delay(LOOK_MS)) {
    const state = readRunningState(root);
    if (state === undefined || holds(state)) return state;
    if (performance.now() > end) throw new CommandError(late);
  }
}

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
  const start = existsSync(places(root).production)
    ? `'${ownCommand(`start --profile production --config FILE${place}`)}'`
    : `'npm start${place === '' ? '' : ` --${place}`}' or '${ownCommand(`start${place}`)}'`;
  throw new CommandError(
    `no strongroom serves from ${root}; start one with ${start}, or name its data directory with --data or $STRONGROOM_DATA`,
  );
}
