// The control process's HTTPS server on the certificate in its folder, which may be replaced while it serves.
import { join } from 'node:path';
import { VERSION } from '../deployment/version.ts';
import { openRenewal, readTlsFiles } from '../http/tls/renewal.ts';
import { type ControlListener, type ControlListenerOptions, listenForControl } from './door/listener.ts';

export type ControlListening = Pick<
  ControlListenerOptions,
  'forms' | 'rows' | 'callers' | 'acts' | 'log' | 'minVersion'
> & {
  /** The control process's own folder. */
  readonly folder: string;
};

/** @param folder the control process's own */
export function controlTls(folder: string): { readonly key: string; readonly certificate: string } {
  return { key: join(folder, 'tls-key.pem'), certificate: join(folder, 'tls-certificate.pem') };
}

export async function openControlListener(options: ControlListening): Promise<ControlListener> {
  const { folder, log, ...rest } = options;
  const paths = controlTls(folder);
  const files = readTlsFiles(paths);
  await using stack = new AsyncDisposableStack();
  const listener = stack.use(await listenForControl({ ...rest, log, tls: files, version: VERSION }));
  stack.use(
    openRenewal(
      paths,
      files,
      (renewed) => listener.renew(renewed),
      (error) => log(`control: TLS files that were replaced cannot be used; the ones before stay: ${String(error)}`),
    ),
  );
  const owned = stack.move();
  return { port: listener.port, renew: listener.renew, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
