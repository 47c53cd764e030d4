// Why and when the supervisor stops: a signal, or the end of the launcher that stands between it and the terminal.

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const LAUNCHER_CHECK_MS = 1_000;

export interface StopSignal extends Disposable {
  /** Resolves to the reason. */
  readonly requested: Promise<string>;
  /** Aborted at the same moment. */
  readonly signal: AbortSignal;
}

/** @param launcher pid in STRONGROOM_LAUNCHER; when our parent is no longer that process, it has died */
export function listenForStop(launcher: string | undefined): StopSignal {
  const { promise: requested, resolve } = Promise.withResolvers<string>();
  const controller = new AbortController();
  void requested.then(() => controller.abort());
  const onSignal = (signal: string): void => resolve(signal);
  for (const signal of SIGNALS) process.on(signal, onSignal);
  const watched = launcher !== undefined && Number(launcher) === process.ppid;
  const timer = watched
    ? setInterval(() => {
        if (process.ppid !== Number(launcher)) resolve('the end of its launcher');
      }, LAUNCHER_CHECK_MS).unref()
    : undefined;
  return {
    requested,
    signal: controller.signal,
    [Symbol.dispose]() {
      clearInterval(timer);
      for (const signal of SIGNALS) process.removeListener(signal, onSignal);
    },
  };
}
