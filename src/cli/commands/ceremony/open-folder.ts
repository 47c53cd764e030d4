// What the ceremony commands have in common: the folder, who is at work, the instance that the ceremony is about, and how
// its errors are shown.
import { userInfo } from 'node:os';
import { Ceremony, type Hand } from '../../../features/ceremony/ceremony.ts';
import { CeremonyError } from '../../../features/ceremony/ceremony-error.ts';
import { oneLine } from '../../../features/ceremony/people.ts';
import { CommandError, type OptionList } from '../../command.ts';
import { type InstanceClient, openInstanceClient } from '../../instance-client.ts';

export const folderOption = {
  folder: { type: 'string', placeholder: 'DIR', default: 'ceremony', description: "the ceremony's folder" },
} as const satisfies OptionList;

export const handOption = {
  as: { type: 'string', placeholder: 'NAME', description: 'who does this, for the record (default: the login name)' },
} as const satisfies OptionList;

/** @throws CommandError */
export async function withCeremony<T>(
  { folder, as }: { readonly folder: string; readonly as?: string | undefined },
  work: (ceremony: Ceremony) => T | Promise<T>,
): Promise<T> {
  return shown(async () => {
    using ceremony = Ceremony.open(folder, handOf(as));
    return await work(ceremony);
  });
}

export function handOf(as: string | undefined): Hand {
  const who = oneLine(as ?? userInfo().username);
  return { who: who === '' ? 'nobody named' : who, now: () => new Date() };
}

export function instanceIn({ settings: { address } }: Pick<Ceremony, 'settings'>): InstanceClient {
  const { instance = '', data, url, ca } = address;
  return openInstanceClient({ instance, data, url, ca });
}

/** Errors that people can act on come without a stack. */
export async function shown<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof CeremonyError || (error instanceof Error && 'syscall' in error)) {
      throw new CommandError(error.message, { cause: error });
    }
    throw error;
  }
}
