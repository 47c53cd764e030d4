// What a file or folder of a production deployment must not be open to. Each refusal says what to do.
import { lstatSync, readFileSync, statSync } from 'node:fs';
import { PASSPHRASE_BYTES } from '../../formats/seal-header.ts';
import { ConfigError } from '../start-config.ts';
import { checkWay } from './check-way.ts';

const [OTHERS, WRITTEN_BY_GROUP, ALL_BUT_OWNER] = [0o007, 0o020, 0o077];

/** A secret: not for others, and written by nobody but its owner. @throws ConfigError */
export function readSecretFile(path: string, member: string): string {
  checkPrivate(path, member, 'is a secret');
  return readPlainFile(path, member);
}

/** @param why as a part of the sentence @throws ConfigError */
export function checkPrivate(path: string, member: string, why: string): void {
  const mode = modeOf(path, member);
  if ((mode & (OTHERS | WRITTEN_BY_GROUP)) === 0) return;
  throw new ConfigError(
    `${member}: ${path} is open to others (mode ${octal(mode)}), and it ${why}: chmod 600 '${path}', or 640 for a group of its own`,
  );
}

/** Its first line is what a seal can be made of: else the first instance would be the one to find out. @throws ConfigError */
export function checkPassphrase(path: string, member: string): void {
  const [line = ''] = readSecretFile(path, member).split(/[\r\n]/, 1);
  const { least, most } = PASSPHRASE_BYTES;
  const length = Buffer.byteLength(line);
  if (length >= least && length <= most) return;
  throw new ConfigError(
    `${member}: the first line of ${path}, the passphrase, is too ${length < least ? 'short' : 'long'}: set one of ${least} to ${most} bytes, such as six words picked by dice`,
  );
}

/** No secret, but what it says counts: nobody else may change it. @throws ConfigError */
export function readPlainFile(path: string, member: string): string {
  try {
    checkWay(path, `what ${member} says`);
    return readFileSync(path, 'utf8');
  } catch (cause) {
    if (cause instanceof ConfigError) throw new ConfigError(`${member}: ${cause.message}`, { cause });
    throw new ConfigError(`${member}: ${(cause as Error).message}; name a file that this user can read`, { cause });
  }
}

/** @param named how it was named @throws ConfigError */
export function checkConfigFile(path: string, named = '--config'): void {
  modeOf(path, named);
  checkWay(path, 'whom keys obey');
}

/** @throws ConfigError */
export function checkDataFolder(root: string): void {
  const { mode } = lstatSync(root);
  if ((mode & ALL_BUT_OWNER) !== 0) {
    throw new ConfigError(
      `the data directory ${root} is open to others (mode ${octal(mode)}): chmod 700 '${root}', or name another with --data`,
    );
  }
}

function modeOf(path: string, member: string): number {
  try {
    return statSync(path).mode;
  } catch (cause) {
    throw new ConfigError(`${member}: ${(cause as Error).message}; name a file that this user can reach`, { cause });
  }
}

function octal(mode: number): string {
  return (mode & 0o777).toString(8).padStart(3, '0');
}
