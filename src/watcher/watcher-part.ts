// What the parts of the watcher have in common.
import type { WatchedInstance, WatchedProcesses } from '../links/watcher-messages.ts';
import type { WatchedLog } from './watched-logs.ts';

/** One of the things that the watcher does. */
export interface WatcherPart extends AsyncDisposable {
  /** At first and whenever either changes. */
  update(logs: readonly WatchedLog[], instances: readonly WatchedInstance[], processes: WatchedProcesses): void;
}
