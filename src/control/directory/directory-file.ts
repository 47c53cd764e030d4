// `directory.json`: read once at start, replaced as a whole.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '../../files/durable-file.ts';
import { type Directory, parseDirectory, printDirectory } from './directory.ts';

/** @param folder the control process's folder */
export function directoryFile(folder: string): string {
  return join(folder, 'directory.json');
}

/** @throws DirectoryError when it is not a directory file of ours */
export async function readDirectoryFile(folder: string): Promise<Directory> {
  return parseDirectory(await readFile(directoryFile(folder), 'utf8'));
}

/** Durable when it resolves. What is written is checked as if it were read. */
export async function writeDirectoryFile(folder: string, directory: Directory): Promise<void> {
  const content = printDirectory(directory);
  parseDirectory(content);
  await replaceFile(directoryFile(folder), content);
}
