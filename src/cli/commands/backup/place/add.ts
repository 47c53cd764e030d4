// `strongroom backup place add`: one more place that an instance may write full backups to and restore them from.

import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeAddedPlaces } from '../../../../deployment/added-backup-places.ts';
import type { BackupPlace } from '../../../../deployment/instance.ts';
import { AllowedPlaces } from '../../../../features/backup/storage/allowed-places.ts';
import { printableJson } from '../../../../formats/printable.ts';
import { CommandError, command, jsonOption, UsageError } from '../../../command.ts';
import { uriOf } from '../place.ts';
import { onePlace, placeListOptions, placesOf } from './places-of.ts';

export const addPlace = command({
  name: 'backup place add',
  summary: 'let an instance back up to one more place, and restore from it',
  operands: 'DIR|URI',
  details: `
The place is a directory of this machine, a container (https://ACCOUNT.blob.core.windows.net/CONTAINER), or an account,
which stands for all its containers. Whoever may start a backup chooses among the places that the operator has allowed;
nobody can add one over the network. A host name that stands for private addresses needs them (--address). It holds at
once, for running instances too; to change a place, add it again.`,
  options: {
    'keeps-all': 'nothing is ever taken away there: append-only, or under an immutability policy',
    'address IP...': 'an address that the host name may stand for; again for each one more',
    'storage-ca FILE': "certificate authority of the host, instead of the system's; the service reads it at each use",
    ...placeListOptions,
    ...jsonOption,
  },
  examples: [
    'strongroom backup place add https://acme.blob.core.windows.net/hsm-backups',
    'strongroom backup place add /srv/hsm-backups --keeps-all --hsm-name east',
    'strongroom backup place add https://blobs.corp.example/hsm --address 10.2.0.7 --storage-ca /etc/strongroom/blobs-ca.pem',
  ],
  async run(values, operands, terminal) {
    const uri = uriOf(onePlace(operands));
    const { address: addresses, 'storage-ca': ca, 'keeps-all': keepsAll } = values;
    const { name, at, config, added } = placesOf(values);
    if (config.backupTargets?.some((each) => uriOf(each.uri) === uri) === true) {
      throw new CommandError(`the configuration of '${name}' allows ${uri} already`);
    }
    if (uri.startsWith('file:') && (addresses.length > 0 || ca !== undefined)) {
      throw new UsageError('a directory takes no --address and no --storage-ca');
    }
    const place: BackupPlace = {
      uri,
      ...(keepsAll ? { keepsAll } : {}),
      ...(addresses.length === 0 ? {} : { addresses }),
      ...(ca === undefined ? {} : { caFile: readableCa(ca) }),
    };
    rejectWrong(place, config.profile);
    await writeAddedPlaces(at, [...added.filter((each) => each.uri !== uri), place]);
    if (values.json) terminal.out(printableJson({ instance: name, ...place }));
    else terminal.out(`'${name}' may back up to ${uri}\n`);
    return 0;
  },
});

/** @throws CommandError */
function rejectWrong(place: BackupPlace, profile: 'dev' | 'production'): void {
  try {
    new AllowedPlaces([place], profile);
  } catch (cause) {
    throw new CommandError((cause as Error).message.replace('backupTargets: ', ''), { cause });
  }
  if (!place.uri.startsWith('file:')) return;
  const path = fileURLToPath(place.uri);
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new CommandError(`${path} is no directory: make it first, for the account of the service`);
  }
}

/** @returns the absolute path @throws CommandError */
function readableCa(file: string): string {
  const path = resolve(file);
  try {
    if (readFileSync(path, 'utf8').includes('-----BEGIN CERTIFICATE-----')) return path;
  } catch (cause) {
    throw new CommandError(`--storage-ca ${file} cannot be read`, { cause });
  }
  throw new CommandError(`--storage-ca ${file} holds no certificate in PEM`);
}
