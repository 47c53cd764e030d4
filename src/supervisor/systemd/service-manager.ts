// What systemd is told (sd_notify(3)): that the service serves, which instances do, that the supervisor's loop turns, and that it
// stops. Nothing where no socket is named; no child ever gets the socket's name.
import type { RunningState } from '../../deployment/running-state.ts';
import { oneLine } from '../../formats/printable.ts';

type Instances = RunningState['instances'];

export interface ServiceManager extends Disposable {
  /** Requests are served from now on. */
  ready(): void;
  fares(state: Pick<RunningState, 'instances'>): void;
  stopping(): void;
}

const NOBODY: ServiceManager = {
  ready: () => undefined,
  fares: () => undefined,
  stopping: () => undefined,
  [Symbol.dispose]: () => undefined,
};

/** What is not taken is said again. */
const AGAIN_MS = 1_000;

/** @param environment what systemd has set is taken out of it */
export async function openServiceManager(
  environment: NodeJS.ProcessEnv,
  report: (text: string) => void,
): Promise<ServiceManager> {
  const { NOTIFY_SOCKET: name, WATCHDOG_USEC: period, WATCHDOG_PID: whose } = environment;
  for (const each of ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']) delete environment[each];
  if (name === undefined || name === '') return NOBODY;
  let sendDatagram: (name: string, text: string) => boolean;
  try {
    const own = await import('./datagram.ts');
    own.addressOf(name);
    sendDatagram = own.sendDatagram;
  } catch (error) {
    report(`systemd is told nothing (NOTIFY_SOCKET): ${error instanceof Error ? error.message : String(error)}`);
    return NOBODY;
  }
  const left = new Map<string, string>();
  let again: NodeJS.Timeout | undefined;
  let isReported = false;
  const send = (): void => {
    clearTimeout(again);
    const text = [...left].map(([variable, value]) => `${variable}=${value}`).join('\n');
    if (text === '' || sendDatagram(name, text)) {
      left.clear();
      isReported = false;
      return;
    }
    if (!isReported) report('systemd does not take what it is told; it is told again');
    isReported = true;
    again = setTimeout(send, AGAIN_MS).unref();
  };
  const tell = (variable: string, value: string): void => {
    left.set(variable, value);
    send();
  };
  const everyMs = whose === undefined || Number(whose) === process.pid ? Number(period ?? 0) / 2000 : 0;
  // On the same loop as everything that the supervisor does: while that stands still, this does.
  const watchdog = everyMs >= 1 ? setInterval(() => tell('WATCHDOG', '1'), everyMs).unref() : undefined;
  let said = '';
  return {
    ready: () => tell('READY', '1'),
    fares({ instances }) {
      const line = statusLine(instances);
      if (line === said) return;
      said = line;
      tell('STATUS', line);
    },
    stopping: () => tell('STOPPING', '1'),
    [Symbol.dispose]() {
      clearInterval(watchdog);
      clearTimeout(again);
    },
  };
}

/** Which instances serve, in one line. */
export function statusLine(instances: Instances): string {
  const all = Object.entries(instances);
  const serving = all.filter(([, { activation, port }]) => activation === 'Active' && port !== 0);
  const others = all.filter((each) => !serving.includes(each));
  if (all.length === 0) return 'there is no instance';
  const names = serving.map(([name]) => name).join(', ');
  return oneLine(
    [
      `${serving.length} of ${all.length} instances serve${names === '' ? '' : `: ${names}`}`,
      ...others.map(
        ([name, { activation, port }]) => `${name} is ${activation === 'Active' && port === 0 ? 'down' : activation}`,
      ),
    ].join('; '),
    400,
  );
}
