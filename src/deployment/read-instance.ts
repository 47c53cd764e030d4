// Reads `instance.json` into a complete config, or refuses to start with the member that is wrong.
import { readFileSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { readInstanceIdentity } from '../formats/instance-identity.ts';
import { readNetworkRules } from '../formats/network-rules.ts';
import { readRequestLimits } from '../formats/request-limits.ts';
import { type Reader, ShapeError } from '../formats/shape.ts';
import { readBackupPlaces } from './backup-targets.ts';
import type { InstanceConfig } from './instance.ts';
import { readPrivateListeners } from './private-listeners.ts';
import { readTlsSettings } from './tls-settings.ts';
import { readTrustedIssuers } from './trusted-issuers.ts';

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const NAME = /^[a-zA-Z][0-9a-zA-Z-]{2,23}$/;

/** @throws Error naming file and member */
export function readInstanceConfig(file: string): InstanceConfig {
  const text = readFileSync(file, 'utf8');
  let value: Partial<Record<keyof InstanceConfig, unknown>>;
  try {
    value = JSON.parse(text) as typeof value;
  } catch (cause) {
    throw new Error(`${file} is not JSON`, { cause });
  }
  for (const [member, isRight] of Object.entries(CHECKS)) {
    if (!isRightIn(file, isRight, value[member as keyof InstanceConfig]))
      throw new Error(`${file}: member '${member}' is missing or malformed`);
  }
  return value as unknown as InstanceConfig;
}

/** @throws Error naming file and member, where the check knows which it is */
function isRightIn(file: string, isRight: (value: unknown) => boolean, value: unknown): boolean {
  try {
    return isRight(value);
  } catch (cause) {
    if (cause instanceof ShapeError) throw new Error(`${file}: ${cause.message}`, { cause });
    throw cause;
  }
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
const isGuid = (value: unknown): boolean => isText(value) && GUID.test(value);

const CHECKS: Readonly<Record<keyof InstanceConfig, (value: unknown) => boolean>> = {
  profile: (value) => value === 'dev' || value === 'production',
  id: isGuid,
  name: (value) => isText(value) && NAME.test(value),
  tenantId: isGuid,
  resourceId: isText,
  region: isText,
  hostNames: (value) =>
    isListOf('authority', 'authorization', 'resource')(value) &&
    (value as Record<string, unknown>[]).every(
      ({ kind }) => kind === undefined || kind === 'hsm' || kind === 'vault' || kind === 'arm',
    ),
  issuers: (value) => isShaped(readTrustedIssuers, value, 'issuers'),
  initialAdministrators: (value) => Array.isArray(value) && value.length > 0 && value.every(isGuid),
  softDeleteRetentionInDays: (value) => Number.isInteger(value) && (value as number) >= 7 && (value as number) <= 90,
  purgeProtection: (value) => typeof value === 'boolean',
  separation: (value) => value === undefined || value === 'azure' || value === 'strict',
  createdAt: isText,
  passphraseFile: (value) => value === undefined || (isText(value) && isAbsolute(value) && !value.includes('\0')),
  throwAway: (value) => value === undefined || value === true,
  privateListeners: (value) => value === undefined || isShaped(readPrivateListeners, value, 'privateListeners'),
  tls: (value) => value === undefined || isShaped(readTlsSettings, value, 'tls'),
  limits: (value) => value === undefined || isShaped(readRequestLimits, value, 'limits'),
  fileSeal: (value) => value === undefined || value === 'refused',
  network: (value) => value === undefined || isShaped(readNetworkRules, value, 'network'),
  eventTargets: (value) =>
    value === undefined ||
    (Array.isArray(value) && value.length === 0) ||
    (isListOf('origin')(value) &&
      (value as Record<string, unknown>[]).every(({ caFile }) => caFile === undefined || isText(caFile))),
  backupTargets: (value) => value === undefined || isShaped(readBackupPlaces, value, 'backupTargets'),
  backupIdentity: (value) => value === undefined || isShaped(readInstanceIdentity, value, 'backupIdentity'),
};

function isListOf(...members: readonly string[]): (value: unknown) => boolean {
  return (value) =>
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((item: unknown) => {
      if (typeof item !== 'object' || item === null) return false;
      return members.every((member) => isText((item as Record<string, unknown>)[member]));
    });
}

/** @throws ShapeError with the path of what is wrong */
function isShaped(read: Reader<unknown>, value: unknown, member: keyof InstanceConfig): boolean {
  read(value, member);
  return true;
}
