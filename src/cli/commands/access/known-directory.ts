// The directory of a development deployment, where this machine has it; elsewhere the issuer's directory is the issuer's own.
import type { Directory } from '../../../control/directory/directory.ts';
import { readDirectoryFile } from '../../../control/directory/directory-file.ts';
import { places } from '../../../deployment/data-layout.ts';

/** @param root a data directory; absent: nothing is known */
export async function knownDirectory(root: string | undefined): Promise<Directory | undefined> {
  return root === undefined ? undefined : readDirectoryFile(places(root).control).catch(() => undefined);
}
