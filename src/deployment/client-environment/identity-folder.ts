// What a process of another Unix user must read, and cannot read in the data directory: the lines that it evaluates carry
// the authority's certificate, which is public, and put it into a folder of that user's own, with those of the system.
import { join } from 'node:path';
import { shellQuoted } from './shell.ts';

export interface IdentityFolder {
  readonly caFile: string;
  readonly caBundle: string;
  readonly caForNode: string;
  readonly azConfigFolder: string;
}

export function identityFolder(folder: string): IdentityFolder {
  const caFile = join(folder, 'ca.pem');
  return { caFile, caBundle: join(folder, 'bundle.pem'), caForNode: caFile, azConfigFolder: join(folder, 'az') };
}

/** @param certificate PEM @param store the file of the system's authorities, read when the lines are evaluated */
export function identityFolderLines(
  { caFile, caBundle, azConfigFolder }: IdentityFolder,
  certificate: string,
  store: string | undefined,
): string {
  const make = `mkdir -p ${shellQuoted(azConfigFolder)}`;
  const write = `printf '%s\\n' ${shellQuoted(certificate.trim())} > ${shellQuoted(caFile)}`;
  const files = [caFile, ...(store === undefined ? [] : [store])].map(shellQuoted).join(' ');
  return `(umask 077 && ${make} && ${write} && cat ${files} > ${shellQuoted(caBundle)})\n`;
}
