// What alerts keep in the watcher's folder: their state, and what operators keep quiet.
import { join } from 'node:path';

export const alertStateFile = (folder: string): string => join(folder, 'alerts.json');
/** Of a test: how many seconds the watcher's clock is ahead. */
export const testClockFile = (folder: string): string => join(folder, 'alert-test-clock');
/** Of a test: when all figures were looked at last, by that clock. */
export const testMeasuredFile = (folder: string): string => join(folder, 'alert-test-measured');
/** Tests of the alerts that were made here, the newest last. */
export const testedFile = (folder: string): string => join(folder, 'alerts-tested.json');
export const silencesFile = (folder: string): string => join(folder, 'alert-silences.json');
