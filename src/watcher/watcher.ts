// All that the watcher does, each part beside the others: none waits for another.
import type { Places } from '../deployment/data-layout.ts';
import type { WatchConfig } from '../deployment/watch-config.ts';
import type { Link } from '../links/link.ts';
import type { WatchedInstance } from '../links/watcher-messages.ts';
import { findLogs, type WatchedLog } from './watched-logs.ts';

export interface WatcherOptions {
  readonly places: Places;
  readonly config: WatchConfig;
  readonly link: Link;
}

/** One of the things that the watcher does. */
export interface WatcherPart extends AsyncDisposable {
  /** At first and whenever either changes. */
  update(logs: readonly WatchedLog[], instances: readonly WatchedInstance[]): void;
}

export interface Watcher extends AsyncDisposable {
  update(instances: readonly WatchedInstance[]): void;
}

export async function openWatcher({ places }: WatcherOptions): Promise<Watcher> {
  await using stack = new AsyncDisposableStack();
  const parts: readonly WatcherPart[] = [];
  for (const part of parts) stack.use(part);
  const owned = stack.move();
  return {
    update(instances) {
      const logs = findLogs(
        places,
        instances.map(({ name }) => name),
      );
      for (const part of parts) part.update(logs, instances);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
