// `strongroom rehearse`: walks a recovery, in one of two depths.

import { command, jsonOption, UsageError } from '../../command.ts';
import { instanceOptions, openInstanceClient } from '../../instance-client.ts';
import { administratorOf, rejectOptions } from '../../rehearsal/inputs.ts';
import { gatheringOf } from '../../rehearsal/shares.ts';
import { targetOptions } from '../../same-place.ts';
import { placeOptions } from '../backup/credentials.ts';
import { uriOf } from '../backup/folders.ts';
import { ownTarget } from '../backup/place.ts';
import { rehearseFull } from './full.ts';
import { rehearseReachability } from './reachability.ts';

export const rehearse = command({
  name: 'rehearse',
  summary: 'rehearse a recovery: reach every custodian, or recover in a throw-away instance',
  operands: '',
  details: `
reachability: every custodian signs a fresh challenge with the key of their share; nothing is opened. Run it again, over days,
with the answers that have arrived; it says who is missing, and files the record when everyone has answered.
full: makes an instance in memory, recovers it from domain file, a quorum and a backup, uses keys on known ciphertexts, compares,
and wipes everything. The record is stated by the instance that was recovered, and filed with the running one.
The exit code is 0 when the rehearsal passed, 1 when it did not, or not yet.`,
  options: {
    'depth DEPTH': 'reachability or full',
    'record FILE': 'keep the record in this file too',
    'out FILE': 'reachability: the challenge, to send to custodians',
    'answer FILE...': "reachability: a custodian's answer; once for each",
    'days N (14)': 'reachability: how long answers are taken, 1 to 90',
    finish: 'reachability: end it, with whoever has answered',
    'domain FILE': 'full: the security-domain file',
    'backup DIR|URI':
      "full: a backup's folder, or a place, for the latest there (default: 'backups' of the data directory)",
    ...placeOptions,
    'samples FILE': "full: known answers, from 'rehearse prepare'",
    'key KEY.pem...': "full: a custodian's private key; once for each of a quorum",
    'passphrase-file FILE...': 'full: its first line decrypts the keys; or once for each encrypted key, in their order',
    'packets DIR': "full: instead of keys, wait for custodians' packets in this folder",
    'administrator OID':
      'full: object id of an administrator of the backed-up instance (default: who asks; with --unfiled the dev administrator)',
    'on-disk': 'full: where memory has no room, make the instance on a disk',
    unfiled: 'full: file nothing; for when no instance runs',
    ...instanceOptions,
    ...jsonOption,
  },
  needs: { depth: '--depth must be reachability or full' },
  examples: [
    'strongroom rehearse --depth reachability --out challenge.json',
    'strongroom rehearse --depth reachability --answer anna-answer.json',
    'strongroom rehearse --depth full --domain sd.json --backup /backups/mhsm-dev-2026112503300000 \\\n' +
      '    --samples samples.json --key anna.pem --key boris.pem',
    'strongroom rehearse --depth full --domain sd.json --samples samples.json --packets /tmp/packets \\\n' +
      '    --backup https://acme.blob.core.windows.net/hsm --sas-file sas',
  ],
  async run(values, _operands, terminal) {
    const { depth } = values;
    if (depth === 'reachability') {
      rejectOptions(values, FULL_ONLY, 'does not go with --depth reachability');
      const days = Number(values.days);
      if (!/^\d{1,2}$/.test(values.days) || days < 1 || days > 90) throw new UsageError('--days must be from 1 to 90');
      const client = openInstanceClient(values);
      const { out, answer: answers, finish, record } = values;
      const call = { client, address: targetOptions(values), days, out, answers, finish, record };
      return rehearseReachability(call, terminal);
    }
    if (depth !== 'full') throw new UsageError('--depth must be reachability or full');
    rejectOptions(values, ['out', 'answer', 'finish'], 'does not go with --depth full');
    const { domain, backup, samples } = values;
    if (domain === undefined || samples === undefined) throw new UsageError('--domain and --samples are needed');
    if (backup === undefined && values.url !== undefined) throw new UsageError('with --url, name the --backup');
    if (values.unfiled && values.as !== undefined) throw new UsageError('--unfiled asks no instance: it takes no --as');
    const gathering = gatheringOf('--key', values.key, values['passphrase-file'], values.packets);
    const client = values.unfiled ? undefined : openInstanceClient(values);
    const administrator = await administratorOf(values, client);
    const uri = backup === undefined ? ownTarget(values.data) : uriOf(backup);
    const onDisk = values['on-disk'];
    // Behind a URL the name is not known.
    const meant = values.url === undefined ? values['hsm-name'] : undefined;
    const inputs = { domain, backup: uri, meant, samples, gathering, onDisk };
    return rehearseFull({ client, values, administrator, ...inputs }, terminal);
  },
});

const FULL_ONLY = [
  ...['domain', 'backup', 'samples', 'key', 'passphrase-file', 'packets', 'administrator', 'unfiled', 'on-disk'],
  ...Object.keys(placeOptions).map((each) => each.split(' ', 1)[0] ?? each),
];
