// How an operator stops one instance and starts it again: a mark in its folder, and a signal to the supervisor to look.
// It is not the mark of a deletion, whose time counts for purge protection.
import { join } from 'node:path';

/** Sent to the supervisor once it shows what runs. */
export const MARKS_CHANGED = 'SIGUSR2';

/** @param root the instance's folder */
export function operatorsMark(root: string): string {
  return join(root, 'stopped-by-operator');
}
