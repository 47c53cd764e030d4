// Steps around the HSM's security domain: its transfer key and its file come out, the file is presented again, the HSM takes the
// domain over or settles new custodians. What the HSM does once is not asked for twice: who was cut off before the answer came
// learns from the register that it was done.

import { groupFingerprint } from '../../../formats/fingerprint.ts';
import { ownCommand } from '../../../formats/own-command.ts';
import { oneLine } from '../../../formats/printable.ts';
import { orThrow, Refusal } from '../../../formats/refusal.ts';
import { parseSecurityDomain } from '../../../formats/security-domain.ts';
import { ShapeError } from '../../../formats/shape.ts';
import { groupedHash } from '../../custodian/fingerprint.ts';
import { domainHash } from '../../custodian/own-share.ts';
import type { Ceremony } from '../ceremony.ts';
import {
  type Asking,
  certificateKeys,
  downloadDomain,
  fetchTransferKey,
  followRestore,
  type Register,
  readRegister,
  startRestore,
  uploadDomain,
  VERSION,
} from '../hsm.ts';
import { addressOf, type Done, type GivenFile, nextCommand, type Step } from '../step.ts';
import { certificatesOf, peopleOf } from './certificates.ts';
import { holdersOf, namesIn, packetsIn, successorsOf, TRANSFER_FILE } from './packets.ts';

const DOMAIN_FILE = 'security-domain.json';
export const PRESENTED_FILE = 'presented-domain.json';

/** @param at where the HSM shows it: another place while it recovers than while it serves */
export function transferKey(at: 'upload' | 'resharing'): Step {
  const step = 'transfer-key';
  return {
    id: step,
    title: "Fetch the HSM's transfer key",
    needs: 'nothing',
    instruction: () => 'The HSM makes a key for this one transfer, and its certificate is written to this folder.',
    async run(ceremony, _given, service) {
      const { certificate, thumbprint, fingerprint } = await fetchTransferKey(service, 'the transfer key', at);
      const file = await ceremony.keep(TRANSFER_FILE, 'output', certificate.toString());
      const facts = { recipient: thumbprint, 'recipient.fingerprint': fingerprint.replaceAll(' ', '') };
      ceremony.add({ step, what: 'file', text: `transfer certificate, fingerprint ${fingerprint}`, file, facts });
      return {
        done: 'the HSM showed its transfer key',
        says: `the transfer certificate is in ${ceremony.folder}/${TRANSFER_FILE}`,
      };
    },
  };
}

export const download: Step = {
  id: 'download',
  title: 'Split the security domain over the custodians',
  needs: 'nothing',
  instruction: () => 'The HSM splits its root keys over the certificates, and the file is written to this folder.',
  async run(ceremony, _given, service) {
    const { required = 2 } = ceremony.settings;
    const step = 'download';
    ceremony.add({ step, what: 'begun', text: 'the HSM was asked to split its domain' });
    const document = await downloadDomain(service, certificatesOf(ceremony), required);
    const file = await ceremony.keep(DOMAIN_FILE, 'output', document);
    const text = `security domain, SHA-256 ${groupFingerprint(file.sha256)}`;
    ceremony.add({ step, what: 'file', text, file, facts: { domain: domainHash(document) } });
    return {
      done: `split over ${peopleOf(ceremony).length}, ${required} needed`,
      says: `the security domain is in ${ceremony.folder}/${DOMAIN_FILE}: give every custodian a copy`,
    };
  },
};

export const domainFile: Step = {
  id: 'domain-file',
  title: 'Present the security-domain file',
  needs: 'files',
  instruction: (ceremony) =>
    `The security-domain file, as it was kept. Give it with ${nextCommand(ceremony, '--file FILE')}. It does not say in the ` +
    'clear of which HSM it is: have the report of its activation (or its hash on paper) at hand.',
  async run(ceremony, { files: [given, spare] }) {
    if (given === undefined || spare !== undefined) throw new Refusal('give one file: the security domain');
    const step = 'domain-file';
    const document = given.content.toString('utf8');
    const { enc_shares: shares, required } = orThrow(
      () => parseSecurityDomain(document),
      (cause) => new Refusal(`${given.name}: ${cause.message}`, { cause }),
      ShapeError,
    ).SharedKeys;
    const domain = domainHash(document);
    const file = await ceremony.keep(PRESENTED_FILE, 'input', given.content);
    const text = `security domain of ${shares.length} custodians, SHA-256 ${groupFingerprint(file.sha256)}`;
    ceremony.add({ step, what: 'file', text, file, facts: { domain, quorum: String(required) } });
    const says = [
      `the file has ${shares.length} shares; ${required} are needed`,
      'Compare with the report of the activation that it came from; if it is of another HSM, begin anew in another folder:',
      `  its SHA-256    ${groupFingerprint(file.sha256)}`,
      `  as packets say ${domain}`,
      ...shares.map(({ x5t_256 }, index) => `  share ${index + 1} of     ${holderLine(ceremony, x5t_256)}`),
    ];
    return { done: `${required} custodians are needed`, says: says.join('\n') };
  },
};

/** A domain file has no names; those who have handed in a certificate are known by theirs. */
function holderLine(ceremony: Ceremony, thumbprint: string): string {
  const name = peopleOf(ceremony).find(({ custodian }) => custodian === thumbprint)?.name;
  return name === undefined ? groupedHash(thumbprint) : `${groupedHash(thumbprint)}  ${name}`;
}

export const upload: Step = {
  id: 'upload',
  title: 'Have the HSM take the domain over',
  needs: 'nothing',
  instruction: () => 'The HSM is given the domain file and the packets, and judges both.',
  async run(ceremony, { pause }, service) {
    const known = isCutOff(ceremony, 'upload') ? await readRegisterIfActive(service) : undefined;
    if (!isTakenOver(ceremony, known)) {
      ceremony.add({ step: 'upload', what: 'begun', text: 'the HSM was given the domain and the packets' });
      const document = ceremony.read(PRESENTED_FILE).toString('utf8');
      const problem = await uploadDomain(service, document, packetsIn(ceremony), pause);
      if (problem !== undefined) throw new Refusal(`the upload failed: ${problem}`);
    }
    return settled(service, 'the HSM has taken the domain over');
  },
};

export const replace: Step = {
  id: 'replace',
  title: 'Have the HSM settle its new custodians',
  needs: 'nothing',
  instruction: () => "The HSM is given the quorum's packets and the successors' certificates, and judges both.",
  async run(ceremony, _given, service) {
    const { required, thumbprints } = successorsOf(ceremony);
    const known = isCutOff(ceremony, 'replace') ? await readRegister(service) : undefined;
    if (known === undefined || present(known).join() !== thumbprints.join()) {
      ceremony.add({ step: 'replace', what: 'begun', text: 'the HSM was given the packets and the successors' });
      await service.ask('POST', `/securitydomain/resharing?${VERSION}`, {
        certificates: certificateKeys(certificatesOf(ceremony)),
        required,
        domain: ceremony.read(PRESENTED_FILE).toString('utf8'),
        packets: packetsIn(ceremony),
      });
    }
    return settled(service, `the HSM has settled ${thumbprints.length} custodians, ${required} needed`);
  },
};

function isCutOff(ceremony: Ceremony, step: string): boolean {
  return ceremony.of(step, 'begun').length > 0;
}

/** A request that was cut off can leave the custodians known and the file not. */
function isTakenOver(ceremony: Ceremony, known: Register | undefined): boolean {
  if (known === undefined) return false;
  if (known.domain !== null) return known.domain === ceremony.requireFact('domain');
  return present(known).join() === [...holdersOf(ceremony)].toSorted().join();
}

/** Those who hold a share, sorted. */
function present({ value }: Register): readonly string[] {
  return value.flatMap(({ custodian, left }) => (left === undefined ? [custodian] : [])).toSorted();
}

/** Undefined while the HSM does not serve yet. */
async function readRegisterIfActive(service: Asking): Promise<Register | undefined> {
  try {
    return await readRegister(service);
  } catch (error) {
    if (error instanceof Error && 'status' in error && error.status === 403) return undefined;
    throw error;
  }
}

async function settled(service: Asking, done: string): Promise<Done> {
  const register = await readRegister(service);
  return { done, facts: { ...namesIn(register), 'domain.fingerprint': register.domainFingerprint } };
}

const JOB = 'restore.job';

export const restore: Step = {
  id: 'restore',
  title: 'Restore the latest backup',
  needs: 'files',
  optional: true,
  instruction: (ceremony) =>
    'A file with the request as the API takes it, {"sasTokenParameters": {"storageResourceUri": ...}, "folderToRestore": ' +
    `"..."}: give it with ${nextCommand(ceremony, '--file FILE')}. It may hold a token, so it is not kept. Without a backup, or ` +
    `when it is restored by '${ownCommand(`backup restore DIR --replace-everything${addressOf(ceremony)}`)}': ` +
    `${nextCommand(ceremony, '--skip "REASON"')}.`,
  async run(ceremony, { files: [given, spare], pause }, service) {
    const step = 'restore';
    let job = ceremony.fact(JOB) || undefined;
    if (job === undefined) {
      if (given === undefined || spare !== undefined) throw new Refusal('give one file: the request to restore');
      job = await startRestore(service, requestIn(given));
      ceremony.add({ step, what: 'begun', text: `restore job ${job}`, facts: { [JOB]: job } });
    }
    const problem = await followRestore(service, job, pause);
    if (problem !== undefined) {
      // The next call begins another job.
      ceremony.add({ step, what: 'answer', text: `job ${job} failed`, facts: { [JOB]: '' } });
      throw new Refusal(`the restore failed: ${oneLine(problem.message)}`);
    }
    return { done: `restore job ${job} succeeded`, says: 'the backup is restored' };
  },
};

function requestIn({ name, content }: GivenFile): object {
  try {
    const value: unknown = JSON.parse(content.toString('utf8'));
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // Said below.
  }
  throw new Refusal(`${name} is not a JSON object`);
}
