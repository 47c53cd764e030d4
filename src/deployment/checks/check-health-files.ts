// The files of the health listener: key and certificate that belong together, and authorities of clients that are some.
import { tlsOptions } from '../../http/tls/server-options.ts';
import type { HealthListener } from '../health-listener.ts';
import { ConfigError } from '../start-config.ts';
import { readPlainFile, readSecretFile } from './check-files.ts';

/** @throws ConfigError */
export function checkHealthFiles({ tls }: HealthListener): void {
  if (tls === undefined) return;
  const files = {
    key: readSecretFile(tls.key, 'health.tls.key'),
    certificate: readPlainFile(tls.certificate, 'health.tls.certificate'),
    ...(tls.clientAuthorities === undefined
      ? {}
      : { clientAuthorities: readPlainFile(tls.clientAuthorities, 'health.tls.clientAuthorities') }),
  };
  try {
    tlsOptions(files);
  } catch (cause) {
    throw new ConfigError(`health.tls: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}
