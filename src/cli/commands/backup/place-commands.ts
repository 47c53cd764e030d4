// `strongroom backup place …`: where an instance may write full backups and restore them from, beside what its configuration allows.
import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type AllowedBackupTarget, readAddedTargets, writeAddedTargets } from '../../../deployment/backup-targets.ts';
import { readInstanceConfig } from '../../../deployment/instance.ts';
import { AllowedTargets } from '../../../features/backup/storage/allowed-targets.ts';
import {
  type Command,
  CommandError,
  command,
  dataOption,
  jsonOption,
  type OptionValues,
  UsageError,
} from '../../command.ts';
import { instanceFolder } from '../../instance-folder.ts';
import { uriOf } from './folders.ts';

const instanceOption = { 'hsm-name NAME (dev)': 'the instance', ...dataOption } as const;
/** What lies in the instance's folder may have been changed by people. */
const explains = { ConfigError: '' } as const;
const oneTarget = { operands: 'DIR|URI', wants: 'name one place', explains } as const;

export const placeCommands: readonly Command[] = [
  command({
    name: 'backup place add',
    summary: 'let an instance back up to one more place, and restore from it',
    ...oneTarget,
    details: `
The place is a directory of this machine, a container (https://ACCOUNT.blob.core.windows.net/CONTAINER), or an account,
which stands for all its containers. Whoever may start a backup chooses among the places that the operator has allowed;
nobody can add one over the network. A host name that stands for private addresses needs them (--address). It holds at
once, for running instances too; to change a place, add it again.`,
    options: {
      'keeps-all': 'nothing is ever taken away there: append-only, or under an immutability policy',
      'address IP...': 'an address that the host name may stand for; again for each one more',
      'storage-ca FILE': "certificate authority of the host, instead of the system's; the service reads it at each use",
      ...instanceOption,
      ...jsonOption,
    },
    examples: [
      'strongroom backup place add https://acme.blob.core.windows.net/hsm-backups',
      'strongroom backup place add /srv/hsm-backups --keeps-all --hsm-name east',
      'strongroom backup place add https://blobs.corp.example/hsm --address 10.2.0.7 --storage-ca /etc/strongroom/blobs-ca.pem',
    ],
    async run(values, [target]) {
      const uri = uriOf(target);
      const { address: addresses, 'storage-ca': ca, 'keeps-all': keepsAll } = values;
      const { name, at, config, added } = targetsOf(values);
      if (config.backupTargets?.some((each) => uriOf(each.uri) === uri) === true) {
        throw new CommandError(`the configuration of '${name}' allows ${uri} already`);
      }
      if (uri.startsWith('file:') && (addresses.length > 0 || ca !== undefined)) {
        throw new UsageError('a directory takes no --address and no --storage-ca');
      }
      const place: AllowedBackupTarget = {
        uri,
        ...(keepsAll ? { keepsAll } : {}),
        ...(addresses.length === 0 ? {} : { addresses }),
        ...(ca === undefined ? {} : { caFile: readableCa(ca) }),
      };
      rejectWrong(place, config.profile);
      await writeAddedTargets(at, [...added.filter((each) => each.uri !== uri), place]);
      return { json: { instance: name, ...place }, text: `'${name}' may back up to ${uri}\n` };
    },
  }),
  command({
    name: 'backup place list',
    summary: 'show where an instance may keep full backups',
    explains,
    options: { ...instanceOption, ...jsonOption },
    examples: ['strongroom backup place list', 'strongroom backup place list --hsm-name east --json'],
    run(values) {
      const { config, added } = targetsOf(values);
      const rows = [
        ...(config.backupTargets ?? []).map((place) => ({ ...place, from: 'configuration' })),
        ...added.map((place) => ({ ...place, from: 'command' })),
      ];
      const lines = rows.map(({ uri, keepsAll, addresses, caFile, from }) => {
        const more = [
          ...(keepsAll === true ? ['keeps all'] : []),
          ...(addresses === undefined ? [] : [`addresses ${addresses.join(', ')}`]),
          ...(caFile === undefined ? [] : [`authority ${caFile}`]),
        ];
        return `${uri}  (${from})${more.length === 0 ? '' : `\n  ${more.join('; ')}`}\n`;
      });
      return { json: rows, text: lines.join('') || 'there is no place for full backups\n' };
    },
  }),
  command({
    name: 'backup place remove',
    summary: 'let an instance back up to a place no longer',
    ...oneTarget,
    details: `
From now on no backup and no restore begins there. A job that is under way ends as it would have, and what lies there
stays. Places of the configuration are taken away there.`,
    options: instanceOption,
    examples: ['strongroom backup place remove https://acme.blob.core.windows.net/hsm-backups'],
    async run(values, [target]) {
      const uri = uriOf(target);
      const { name, at, config, added } = targetsOf(values);
      const rest = added.filter((each) => each.uri !== uri);
      if (rest.length === added.length) {
        const configured = config.backupTargets?.some((each) => uriOf(each.uri) === uri) === true;
        const member = config.profile === 'production' ? 'the configuration' : at.config;
        throw new CommandError(
          configured
            ? `${uri} is a place of the configuration: take it out of 'backupTargets' in ${member}, and restart the instance`
            : `${uri} was not added for '${name}'`,
        );
      }
      await writeAddedTargets(at, rest);
      return `'${name}' does not back up to ${uri} any more\n`;
    },
  }),
];

/** What the configuration of the instance allows, and what was added. @throws ConfigError, CommandError */
function targetsOf(values: OptionValues<typeof instanceOption>) {
  const folder = instanceFolder(values.data, values['hsm-name']);
  return { ...folder, config: readInstanceConfig(folder.at.config), added: readAddedTargets(folder.at) };
}

function rejectWrong(place: AllowedBackupTarget, profile: 'dev' | 'production'): void {
  try {
    new AllowedTargets([place], profile);
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
