// What alerts keep in the watcher's folder: their state, and what operators keep quiet.
import { join } from 'node:path';

export const alertStateFile = (folder: string): string => join(folder, 'alerts.json');
export const silencesFile = (folder: string): string => join(folder, 'alert-silences.json');
