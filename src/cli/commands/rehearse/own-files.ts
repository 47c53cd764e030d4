// Whether domain file and backup are of the HSM that a rehearsal is for, as far as that HSM can tell while it serves. A domain
// file names no HSM: it is known by its hash, or by whoever has shares of it.

import { groupFingerprint } from '../../../formats/fingerprint.ts';
import { Refusal } from '../../../formats/refusal.ts';
import { type Register, readRegister } from '../../../tools/ceremony/hsm.ts';
import { CommandError, type Terminal } from '../../command.ts';
import { type InstanceClient, type InstanceValues, openInstanceClient } from '../../instance-client.ts';
import type { BackupAtHand, Domain } from '../../rehearsal/inputs.ts';
import { dataRootOf, requireRunning } from '../../running.ts';

/** @throws CommandError naming the file of another HSM */
export async function checkOwnFiles(
  client: InstanceClient,
  values: InstanceValues,
  { domain, backup }: { readonly domain: Domain; readonly backup: BackupAtHand },
  terminal: Terminal,
): Promise<void> {
  const register = await registerOf(client);
  if (register === undefined) return;
  const { manifest, address } = backup;
  if (manifest.domain !== register.domainFingerprint) {
    throw new CommandError(
      `${address} is a backup of '${manifest.instance.name}' with the security domain ${groupFingerprint(manifest.domain)}, and ` +
        `${client.who} has ${groupFingerprint(register.domainFingerprint)}: name the HSM that the files are of${optionFor(values)}`,
    );
  }
  // Of a file that it has not seen it can say nothing.
  if (register.domain === null || register.domain === domain.hash) return;
  const owner = await ownerOf(domain, values);
  if (owner !== undefined) {
    throw new CommandError(
      `${domain.path} is the security-domain file of '${owner}', not of ${client.who}: add --hsm-name ${owner}, or give the file of ${client.who}`,
    );
  }
  const known = new Set(register.value.map(({ custodian }) => custodian));
  if (!domain.file.SharedKeys.enc_shares.some(({ x5t_256 }) => known.has(x5t_256))) {
    throw new CommandError(
      `${domain.path} is not the security-domain file of ${client.who}: none of its shares is for one of its custodians. Give ` +
        `the file of ${client.who}, or name the HSM that the file is of${optionFor(values)}`,
    );
  }
  terminal.err(`${domain.path} is an older security-domain file than the newest of ${client.who}, or another's\n`);
}

function optionFor({ url }: InstanceValues): string {
  return url === undefined ? ' with --hsm-name' : ' with --url';
}

/** Undefined: it cannot tell, or does not tell this caller. */
export async function registerOf(client: InstanceClient): Promise<Register | undefined> {
  try {
    return await readRegister(client);
  } catch (error) {
    if (error instanceof Refusal) return undefined;
    throw error;
  }
}

/** The HSM beside this one whose newest file it is. */
async function ownerOf({ hash }: Domain, values: InstanceValues): Promise<string | undefined> {
  if (values.url !== undefined) return undefined;
  for (const [name, { activation }] of Object.entries(requireRunning(dataRootOf(values.data)).instances)) {
    if (name === values['hsm-name'] || activation !== 'Active') continue;
    const register = await registerOf(openInstanceClient({ ...values, 'hsm-name': name }));
    if (register?.domain === hash) return name;
  }
  return undefined;
}
