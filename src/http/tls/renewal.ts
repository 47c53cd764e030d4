// Takes up TLS files that were replaced while the instance serves, as certificate tools (ACME clients among them) do.
// Looks at them from time to time instead of watching: a watched name is lost when a link or folder above it changes.
import { readFileSync } from 'node:fs';
import type { TlsFiles } from './server-options.ts';

export interface TlsPaths {
  readonly key: string;
  readonly certificate: string;
  readonly clientAuthorities?: string | undefined;
}

const EVERY_MS = 10_000;

/** @throws Error when a file cannot be read */
export function readTlsFiles({ key, certificate, clientAuthorities }: TlsPaths): TlsFiles {
  return {
    key: readFileSync(key, 'utf8'),
    certificate: readFileSync(certificate, 'utf8'),
    ...(clientAuthorities === undefined ? {} : { clientAuthorities: readFileSync(clientAuthorities, 'utf8') }),
  };
}

/**
 * @param used what the listeners have now
 * @param renew refuses by throwing; then what was there stays
 * @param report told once of each state of the files that cannot be used: half of a replacement is such a one, briefly
 */
export function openRenewal(
  paths: TlsPaths,
  used: TlsFiles,
  renew: (files: TlsFiles) => void,
  report: (error: unknown) => void,
) {
  let [seen, refused, certificate] = [textOf(used), '', used.certificate];
  /** Looks now. True: other files were taken up. */
  const look = (): boolean => {
    let text = '';
    try {
      const files = readTlsFiles(paths);
      text = textOf(files);
      if (text === seen) {
        refused = '';
        return false;
      }
      renew(files);
      [seen, refused, certificate] = [text, '', files.certificate];
      return true;
    } catch (error) {
      const state = text === '' ? String(error) : text;
      if (state !== refused) report(error);
      refused = state;
      return false;
    }
  };
  const timer = setInterval(look, EVERY_MS).unref();
  return {
    look,
    /** PEM of what is served now. */
    get certificate() {
      return certificate;
    },
    [Symbol.dispose]: (): void => clearInterval(timer),
  };
}

function textOf({ key, certificate, clientAuthorities = '' }: TlsFiles): string {
  return [key, certificate, clientAuthorities].join('\0');
}
