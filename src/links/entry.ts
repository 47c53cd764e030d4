// Where each process begins: one entry file in each room.
import { fileURLToPath } from 'node:url';

export type Room =
  | 'service'
  | 'recorder'
  | 'control'
  | 'control/production'
  | 'watcher'
  | 'indexer'
  | 'demo'
  | 'throw-away'
  | 'supervisor';

export function entryOf(room: Room): string {
  return fileURLToPath(new URL(`../${room}/main.ts`, import.meta.url));
}
