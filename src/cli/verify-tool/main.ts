// Entry file of the verifier: every command that proves something from files, in one file that runs on plain Node without the
// service, the checkout and a network. It exists bundled only; see `../one-file/build.ts`.
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Command, CommandError, command, jsonOption, nounsOf } from '../command.ts';
import { commands as attestation } from '../commands/attestation.ts';
import { isLog } from '../commands/audit/checkpoints.ts';
import { checkOptions, verifyCheckpoint, verifyFolder, verifyWords } from '../commands/audit/verify.ts';
import { chooseFolder, openDirectory, REFUSALS, realDirectory, uriOf } from '../commands/backup/folders.ts';
import { readSigner } from '../commands/backup/read-signer.ts';
import { verifiedFolder } from '../commands/backup/verified.ts';
import { verify as ceremony } from '../commands/ceremony/verify.ts';
import { verifyRecord } from '../commands/rehearse/verify.ts';
import { dispatch } from '../dispatch.ts';
import type { Program } from '../help.ts';
import { openTerminal } from '../terminal.ts';

/** Written into the bundle. */
declare const STRONGROOM_VERSION: string;

const program: Program = {
  name: 'strongroom-verify',
  call: 'node strongroom-verify.mjs',
  tagline: 'strongroom-verify - what an auditor proves of an HSM, offline',
};

/** Of a copy: there is no data directory. */
const audit = command({
  ...verifyWords,
  options: { 'log FOLDER': "the log's folder, or a copy of it", ...checkOptions },
  needs: { log: "--log is needed: the log's folder" },
  run({ log, ...values }) {
    if (!isLog(log)) throw new CommandError(`there is no log in ${log}`);
    return verifyFolder(log, values);
  },
});

/** Of a directory: no other place is reached. */
const backup = command({
  name: 'backup verify',
  summary: 'prove that a full backup is whole',
  operands: 'DIR',
  wants: 'name one backup, or one folder of backups',
  details: `
DIR is the folder of one backup, or a folder of backups: then the latest finished one there, by the time in its name. Checks the
domain's signature on the manifest, then size and hash of every part, that none is missing and none too many; every fault is named.
It opens nothing. Without --key it cannot know whose backup it is: compare the fingerprint that it prints with the one that you know.
The exit code is 0 when everything holds.`,
  options: { 'key KEY': 'fingerprint or key of the security domain that must have signed it', ...jsonOption },
  examples: ["strongroom backup verify /mnt/copy/mhsm-fin-2026080910111200 --key '1a2b …'"],
  explains: REFUSALS,
  async run({ key }, [target], terminal) {
    const signer = key === undefined ? undefined : readSigner(key);
    const shelves = {
      read: async (uri: string) => uriOf(realDirectory(fileURLToPath(uri))),
      open: async (uri: string) => openDirectory(uri),
    };
    const { place, folder } = await chooseFolder(uriOf(realDirectory(resolve(target))), shelves, terminal);
    await using shelf = openDirectory(place);
    return (await verifiedFolder(shelf, folder, signer, terminal)).answer;
  },
});

const rows = [audit, verifyCheckpoint, ceremony, verifyRecord, backup, ...attestation];
const commands = rows.map(
  (row): Command => ({
    ...row,
    examples: row.examples.map((example) => example.replace(/^strongroom /, `${program.name} `)),
  }),
);

process.exitCode = await dispatch(
  nounsOf(commands, { audit: 'the audit log and its checkpoints' }),
  STRONGROOM_VERSION,
  process.argv.slice(2),
  openTerminal(program.name),
  program,
);
