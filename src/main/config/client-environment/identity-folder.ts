// What a process of another Unix user must read, and cannot read in the data directory: the lines that it evaluates carry
// the authority's certificate, which is public, and put it into a folder of that user's own.
import { join } from 'node:path';
import { shellQuoted } from './shell.ts';

export interface IdentityFolder {
  readonly caFile: string;
  readonly azConfigFolder: string;
}

export function identityFolder(folder: string): IdentityFolder {
  return { caFile: join(folder, 'ca.pem'), azConfigFolder: join(folder, 'az') };
}

/** @param certificate PEM */
export function identityFolderLines({ caFile, azConfigFolder }: IdentityFolder, certificate: string): string {
  const make = `mkdir -p ${shellQuoted(azConfigFolder)}`;
  const write = `printf '%s\\n' ${shellQuoted(certificate.trim())} > ${shellQuoted(caFile)}`;
  return `(umask 077 && ${make} && ${write})\n`;
}
