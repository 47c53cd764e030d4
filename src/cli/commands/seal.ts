// `strongroom seal …`: by what an instance's root keys are sealed, shown, and exchanged while it is stopped. Old and new secrets go
// straight into the module's pipe; the command starts a partition for that alone.

import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { CryptoClient } from '../../crypto/client/crypto-client.ts';
import { lockHolder, takeDataLock } from '../../files/data-lock.ts';
import { ownCommand } from '../../formats/own-command.ts';
import { takenForCertificate } from '../../formats/private-pem.ts';
import { sealRows, shownFromFile } from '../../tools/seal/describe-seal.ts';
import {
  exchangeSeal,
  type NewSeal,
  openOfflineModule,
  recommendedCost,
  sealOf,
  unlockCertificateOf,
} from '../../tools/seal/offline-module.ts';
import {
  type Command,
  CommandError,
  command,
  dataOption,
  jsonOption,
  type OptionValues,
  type Terminal,
  UsageError,
} from '../command.ts';
import { aboutOne, hsmNameOption } from '../hsm-name.ts';
import { type InstanceFolder, instanceFolder } from '../instance-folder.ts';
import { readInput } from '../read-input.ts';
import { targetOptions } from '../same-place.ts';
import { openByPassphrase, packetsIn, readNewPassphrase, writeForCustodians } from '../seal-secret.ts';
import { labelled } from '../show.ts';

const changeOptions = {
  ...hsmNameOption,
  ...dataOption,
  'to KIND': 'file, passphrase or quorum',
  'passphrase-file FILE': 'the present passphrase',
  'new-passphrase-file FILE': 'the new passphrase',
  'memory MIB':
    'what Argon2id takes at each start: 64 to 4096 (default: 2048, or 64 where the machine has less than 8 GiB)',
  'custodian FILE...': 'certificate of a custodian of the new seal; once for each',
  'required M': 'how many custodians each start needs',
  'certificate FILE': 'written for custodians of the present seal',
  'shares FILE': "the present seal's share list, written for them",
  'packets FILE...': 'their packets, which are waited for; once for each',
} as const;

type Values = OptionValues<typeof changeOptions>;

export const commands: readonly Command[] = [
  command({
    name: 'seal show',
    summary: "show by what an instance's root keys are sealed",
    ...aboutOne,
    details: 'Reads the head of the sealed state, whether the instance runs or not. Nothing secret is in it.',
    options: { ...hsmNameOption, ...dataOption, ...jsonOption },
    examples: ['strongroom seal show dev', 'strongroom seal show dev --json'],
    run({ data, 'hsm-name': named }) {
      const { at, name } = instanceFolder(data, named);
      const file = join(at.module, 'state.sealed');
      if (!existsSync(file)) throw new CommandError(`'${name}' has no root keys yet`);
      const seal = shownFromFile(readFileSync(file), name);
      return { json: seal, text: labelled(sealRows(seal), 11) };
    },
  }),
  command({
    name: 'seal change',
    summary: 'seal the root keys of a stopped instance by something else',
    ...aboutOne,
    details: `
--to file         a key file beside the state; the instance starts by itself
--to passphrase   asked for twice, or the first line of --new-passphrase-file; at least 12 characters
--to quorum       3 to 10 certificates with --custodian, and how many are needed with --required
The present seal is opened first: with its passphrase (asked for, or --passphrase-file), or with packets of custodians. For
those, --certificate and --shares are written, then the command waits until every file named with --packets is there.
The exchange is one step: if it is cut off, the state opens with the old secret or with the new one. The same kind may be
chosen again for another secret. Copies of the data directory that are older go on opening with the old one.`,
    options: changeOptions,
    examples: [
      'strongroom seal change dev --to passphrase',
      'strongroom seal change dev --to quorum --custodian anna.cer --custodian boris.cer --custodian clara.cer --required 2',
      'strongroom seal change dev --to file --passphrase-file old',
    ],
    explains: { CryptoError: 'the seal is as it was: ' },
    async run(values, _operands, terminal) {
      const folder = instanceFolder(values.data, values['hsm-name']);
      checkWish(values);
      const place = targetOptions({ data: values.data });
      using _lock = lockStopped(folder, place);
      await using module = await openOfflineModule(folder.at.module);
      if (module.hello.state === 'blank') throw new CommandError(`'${folder.name}' has no root keys yet`);
      if (module.hello.state === 'locked') await open(module, values, terminal);
      await exchangeSeal(module, await wishOf(values, terminal));
      terminal.out(labelled(sealRows(await sealOf(module)), 11));
      const isHeld = existsSync(folder.at.stopFlag);
      terminal.err(`Start it again: ${ownCommand((isHeld ? `instance start ${folder.name}` : 'start') + place)}\n`);
      return 0;
    },
  }),
];

function checkWish({ to, custodian, required, memory, 'new-passphrase-file': file }: Values): void {
  if (to !== 'file' && to !== 'passphrase' && to !== 'quorum') {
    throw new UsageError('say what to seal it by: --to file, passphrase or quorum');
  }
  if (to !== 'quorum' && (custodian.length > 0 || required !== undefined)) {
    throw new UsageError('--custodian and --required go with --to quorum');
  }
  if (to !== 'passphrase' && (memory !== undefined || file !== undefined)) {
    throw new UsageError('--memory and --new-passphrase-file go with --to passphrase');
  }
  if (memory !== undefined && !(/^\d{2,4}$/.test(memory) && Number(memory) >= 64 && Number(memory) <= 4096)) {
    throw new UsageError('--memory is from 64 to 4096');
  }
  if (to !== 'quorum') return;
  if (custodian.length < 3 || custodian.length > 10) throw new UsageError('name 3 to 10 certificates with --custodian');
  if (!/^\d{1,2}$/.test(required ?? '') || Number(required) < 2 || Number(required) > custodian.length) {
    throw new UsageError(`--required is from 2 to ${custodian.length}`);
  }
}

/** Nobody else has the instance open, nor can start it meanwhile. @throws CommandError */
function lockStopped({ at, name }: InstanceFolder, place: string): Disposable {
  const lock = takeDataLock(at.root);
  if (lock !== undefined) return lock;
  const holder = lockHolder(at.root);
  throw new CommandError(
    `'${name}' runs${holder === undefined ? '' : ` (process ${holder})`}: stop it with '${ownCommand(`instance stop ${name}${place}`)}', ` +
      `and start it again afterwards with '${ownCommand(`instance start ${name}${place}`)}'`,
  );
}

async function open(module: CryptoClient, values: Values, terminal: Terminal): Promise<void> {
  const [seal, own] = [await sealOf(module), await unlockCertificateOf(module)];
  const recipient = own.thumbprint;
  if (seal.kind !== 'quorum') {
    const asked = {
      ...{ file: values['passphrase-file'], what: 'present passphrase' },
      state: 'the seal is as it was',
    };
    await openByPassphrase(own, asked, terminal, (secret) => module.unlock({ recipient, secret, packets: [] }));
    return;
  }
  const { certificate, shares, packets } = values;
  if (certificate === undefined || shares === undefined || packets.length === 0) {
    throw new CommandError(
      'the present seal needs its custodians: name files with --certificate and --shares, which are written for them, and ' +
        'with --packets, once for each packet that you will get',
    );
  }
  terminal.err(writeForCustodians(own, seal.shares ?? '', { certificate, shares }).text);
  terminal.err(`Waiting for ${packets.join(', ')} ...\n`);
  while (!packets.every((path) => existsSync(path))) await delay(LOOK_MS);
  // The last one may still be being written.
  await delay(LOOK_MS);
  await module.unlock({ recipient, secret: '', packets: packetsIn(packets).packets });
}

const LOOK_MS = 500;

async function wishOf(values: Values, terminal: Terminal): Promise<NewSeal> {
  if (values.to === 'quorum') {
    const certificates = values.custodian.map((path) => {
      const content = readInput(path);
      try {
        return new X509Certificate(content).raw.toString('base64');
      } catch (cause) {
        throw new CommandError(`${path} ${takenForCertificate(path, content) ?? 'is not a certificate'}`, { cause });
      }
    });
    return { kind: 'quorum', certificates, required: Number(values.required) };
  }
  if (values.to === 'file') return { kind: 'file' };
  const passphrase = await readNewPassphrase(values['new-passphrase-file'], 'new-passphrase-file', terminal);
  const cost =
    values.memory === undefined
      ? recommendedCost(totalmem())
      : { memory: Number(values.memory) * 1024, passes: Number(values.memory) >= 2048 ? 1 : 3, lanes: 4 };
  return { kind: 'passphrase', secret: passphrase, cost };
}
