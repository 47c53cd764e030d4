// How much of the machine's processors others use: what can wait rests the longer, the more they do. A low priority alone is not
// enough: whoever has been given a processor keeps it for some milliseconds, whoever is woken meanwhile.
import os from 'node:os';

/** Below this share of all processors nobody misses anything, and above the other all of it is theirs: a service at full load idles a little. */
const [SPARE, FULL] = [0.65, 0.8];
/** The system counts in ticks of 10 ms. */
const LOOK_MS = 250;

export interface Used {
  /** Milliseconds since some time. */
  readonly at: number;
  /** Milliseconds in which processors, so many, had nothing to do, and of this process, until then. */
  readonly idle: number;
  readonly counted: number;
  readonly own: number;
  /** That we may use: in a container fewer than are counted. */
  readonly processors: number;
}

/** @returns 0, they do not need it, to 1, they use all of it; as it was a moment ago */
export function othersLoad(look: () => Used = () => used()): () => number {
  let [before, load] = [look(), 0];
  return () => {
    const now = look();
    if (now.at - before.at < LOOK_MS) return load;
    const passed = now.at - before.at;
    // What was neither idle nor ours: of what a hypervisor gives to its other guests nothing else tells.
    const others = passed * now.counted - (now.idle - before.idle) - (now.own - before.own);
    const share = others / (passed * now.processors);
    load = now.counted === 0 ? 1 : Math.min(1, Math.max(0, (share - SPARE) / (FULL - SPARE)));
    before = now;
    return load;
  };
}

export function used({ cpus, availableParallelism }: Pick<typeof os, 'cpus' | 'availableParallelism'> = os): Used {
  const all = cpus();
  const { user, system } = process.cpuUsage();
  return {
    at: performance.now(),
    idle: all.reduce((sum, { times }) => sum + times.idle, 0),
    counted: all.length,
    own: (user + system) / 1000,
    processors: availableParallelism(),
  };
}
