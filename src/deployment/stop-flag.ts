// How an operator stops one instance, starts it again or has its processes replaced: a mark in its folder, and a signal to the
// supervisor to look.
// It is not the mark of a deletion, whose time counts for purge protection.
import { ownCommand } from '../formats/own-command.ts';

/** Sent to the supervisor once it shows what runs. */
export const STOP_FLAGS_CHANGED = 'SIGUSR2';

/** What is said of one that has the mark. */
export function stoppedMessage(name: string): string {
  return `Stopped: ${ownCommand(`instance start ${name}`)}`;
}

/** The mark for new processes is empty when they are asked for, says so while they start, and at last why there are none. */
export const UNDER_WAY = 'under way\n';
