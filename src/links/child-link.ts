// The child's end of its supervision link (service, recorder, control): file descriptor 3, a socket pair made by the
// supervisor. When the supervisor ends it, or dies in whatever way, the child has to stop.
import { fstatSync } from 'node:fs';
import { Socket } from 'node:net';
import { Link } from './link.ts';
import { alive } from './messages.ts';

/** How long an orderly stop may take before the process ends itself. */
const STOP_WITHIN_MS = 8_000;

/**
 * Opens the link. A child's main function reads:
 *
 *     await using link = openSupervisorLink();
 *     link.on(…);                      // before the first await
 *     await using service = await startService(…);
 *     link.send(ready, { port, modulePids });
 *     await link.closed;               // supervisor gone, told us to stop, or SIGTERM
 *
 * and then simply returns. With `onStop` SIGTERM calls that instead, and the link stays: a supervisor that loses it ends the process
 * soon, whatever that is at. Should the orderly stop hang, an (unreferenced) timer ends the process.
 * @throws when the process was not started by the supervisor
 */
export function openSupervisorLink({ onStop }: { readonly onStop?: () => void } = {}): Link {
  const fd = 3;
  if (!isSocket(fd)) {
    throw new Error(
      `file descriptor ${fd} is no supervision link: this process is started by './strongroom start' only`,
    );
  }
  const socket = new Socket({ fd, readable: true, writable: true });
  const link = new Link(socket);
  link.answer(alive, () => undefined);
  if (onStop === undefined) process.once('SIGTERM', () => socket.destroy());
  else process.on('SIGTERM', onStop);
  void link.closed.then(() => {
    setTimeout(() => process.exit(70), STOP_WITHIN_MS).unref();
  });
  return link;
}

function isSocket(fd: number): boolean {
  try {
    return fstatSync(fd).isSocket();
  } catch {
    return false; // not open at all
  }
}
