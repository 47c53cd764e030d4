// Alerts as mail. The connection is encrypted and the server's certificate checked, or nothing is sent. The library is loaded with the
// first mail.
import { once } from 'node:events';
import { connect } from 'node:net';
import type { OutletOf } from '../../deployment/alert-settings.ts';
import { ShapeError } from '../../formats/shape.ts';
import type { Delivery } from '../../http/post-event.ts';
import type { Outlet, OutletSurroundings } from './outlet.ts';

const DEADLINE_MS = 20_000;
const HOLDING = "the user's name on its first line and the password on its second";

/** @throws ShapeError naming what cannot be used, and never what a file holds */
export function smtp(settings: OutletOf<'smtp'>, { readFile }: OutletSurroundings): Outlet {
  const { host, security, from, to, caFile, credentialsFile } = settings;
  const port = settings.port ?? (security === 'tls' ? 465 : 587);
  const ca = caFile === undefined ? undefined : readFile(caFile, 'caFile');
  const auth =
    credentialsFile === undefined
      ? undefined
      : readCredentials(readFile(credentialsFile, 'credentialsFile', HOLDING), credentialsFile);
  const options = {
    host,
    port,
    secure: security === 'tls',
    requireTLS: true,
    tls: { minVersion: 'TLSv1.2', rejectUnauthorized: true, ...(ca === undefined ? {} : { ca }) },
    ...(auth === undefined ? {} : { auth }),
    connectionTimeout: DEADLINE_MS / 2,
    greetingTimeout: DEADLINE_MS / 2,
    socketTimeout: DEADLINE_MS / 2,
    // What a message says names no file and no address to fetch.
    disableFileAccess: true,
    disableUrlAccess: true,
  } as const;
  return {
    place: `smtp://${host}:${port}`,
    async send({ id, subject, severity, text, time }, stopping) {
      const { createTransport } = await import('nodemailer');
      // Ours, so that it can be ended at any moment.
      const connection = connect({ host, port });
      connection.on('error', () => undefined); // told to whoever waits
      const stop = (): void => void connection.destroy(new Error('too late'));
      stopping.addEventListener('abort', stop);
      const timer = setTimeout(stop, DEADLINE_MS);
      const transport = createTransport({ ...options, connection });
      try {
        await once(connection, 'connect', { signal: stopping });
        await transport.sendMail({
          from,
          to: [...to],
          subject,
          text,
          date: new Date(time),
          messageId: `<${id}@strongroom.invalid>`,
          ...(severity === 'critical' ? { priority: 'high' } : {}),
          headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
        });
        return { outcome: 'taken', detail: 'took it' };
      } catch (error) {
        return deliveryOf(error);
      } finally {
        clearTimeout(timer);
        stopping.removeEventListener('abort', stop);
        transport.close();
        connection.destroy();
      }
    },
  };
}

/** Codes only: what a server answers may quote what it was sent. */
function deliveryOf(error: unknown): Delivery {
  const { code = (error as Error).name, responseCode } = error as NodeJS.ErrnoException & {
    readonly responseCode?: number;
  };
  // Of the message itself; a server that does not know us, or the recipient, can be told better.
  const outcome = code === 'EMESSAGE' && responseCode !== undefined && responseCode >= 500 ? 'refused' : 'failed';
  return {
    outcome,
    detail: responseCode === undefined ? `cannot be reached: ${code}` : `answered ${responseCode} (${code})`,
  };
}

function readCredentials(text: string, path: string): { readonly user: string; readonly pass: string } {
  const [user = '', pass = '', ...rest] = text.split('\n');
  if (user !== '' && pass !== '' && rest.every((line) => line === '')) return { user, pass };
  throw new ShapeError(`credentialsFile: ${path} must have ${HOLDING}`);
}
