// What the ceremony commands have in common: the folder, who is at work, the instance that the ceremony is about, and how
// its errors are shown.

import { userInfo } from 'node:os';
import { oneLine } from '../../../formats/printable.ts';
import { Ceremony, type Hand } from '../../../tools/ceremony/ceremony.ts';
import { CommandError } from '../../command.ts';
import { type InstanceClient, openInstanceClient, SIGNED_IN } from '../../instance-client.ts';

export const folderOption = {
  'folder DIR (ceremony)': "the ceremony's folder",
} as const;

export const handOption = {
  'by NAME': 'who does this, for the record (default: whom --as names, else the login name)',
} as const;

export async function withCeremony<T>(
  { folder, ...hand }: { readonly folder: string } & HandValues,
  work: (ceremony: Ceremony) => T | Promise<T>,
): Promise<T> {
  using ceremony = Ceremony.open(folder, handOf(hand));
  return await work(ceremony);
}

/** Errors of the file system are for people to read. */
export const OF_FILES = { system: '' } as const;

interface HandValues {
  readonly by: string | undefined;
  readonly as?: string | undefined;
}

export function handOf({ by, as }: HandValues): Hand {
  const who = oneLine(by ?? (as === undefined || as === SIGNED_IN ? loginName() : as));
  return { who: who === '' ? 'nobody named' : who, now: () => new Date() };
}

/** @throws CommandError in a container, for instance, whose user has a number only */
function loginName(): string {
  try {
    return userInfo().username;
  } catch (cause) {
    throw new CommandError('this user has no login name: say who does this with --by NAME', { cause });
  }
}

/** @param as who asks is said each time, and never written down */
export function instanceIn(
  { settings: { address } }: Pick<Ceremony, 'settings'>,
  as: string | undefined,
): InstanceClient {
  const { instance = '', data, url, ca } = address;
  return openInstanceClient({ 'hsm-name': instance, data, url, ca, as });
}
