// Step: the security-domain file is handed in.
import { createHash } from 'node:crypto';
import { groupFingerprint } from '../../../formats/domain-identity.ts';
import { parseSecurityDomain, SecurityDomainError, type SecurityDomainFile } from '../../../formats/security-domain.ts';
import type { Ceremony } from '../ceremony.ts';
import { CeremonyError } from '../ceremony-error.ts';
import { nextCommand } from '../named-commands.ts';
import { peopleOf } from '../people.ts';
import type { Step } from '../step.ts';

export const PRESENTED_FILE = 'presented-domain.json';

export const domainFile: Step = {
  id: 'domain-file',
  title: 'Present the security-domain file',
  needs: 'files',
  instruction: (ceremony) =>
    `The security-domain file, as it was kept. Give it with ${nextCommand(ceremony, '--file FILE')}. It does not say in the ` +
    'clear of which HSM it is: have the report of its activation (or its hash on paper) at hand.',
  async run(ceremony, { files: [given, spare] }) {
    if (given === undefined || spare !== undefined) throw new CeremonyError('give one file: the security domain');
    const text = given.content.toString('utf8');
    const { SharedKeys: shared } = parsed(given.name, text);
    const domain = createHash('sha256').update(text, 'utf8').digest('base64url');
    const file = await ceremony.keep(PRESENTED_FILE, 'input', given.content);
    ceremony.add({
      step: 'domain-file',
      what: 'file',
      text: `security domain of ${shared.enc_shares.length} custodians, SHA-256 ${groupFingerprint(file.sha256)}`,
      file,
      facts: {
        domain,
        quorum: String(shared.required),
      },
    });
    ceremony.add({ step: 'domain-file', what: 'done', text: `${shared.required} custodians are needed` });
    return [
      `the file has ${shared.enc_shares.length} shares; ${shared.required} are needed`,
      'Compare with the report of the activation that it came from; if it is of another HSM, begin anew in another folder:',
      `  its SHA-256    ${groupFingerprint(file.sha256)}`,
      `  as packets say ${domain}`,
      ...shared.enc_shares.map(({ x5t_256 }, index) => `  share ${index + 1} of     ${holderOf(ceremony, x5t_256)}`),
    ].join('\n');
  },
};

/** A domain file has no names; those who have handed in a certificate are known by theirs. */
function holderOf(ceremony: Ceremony, thumbprint: string): string {
  const name = peopleOf(ceremony).find(({ custodian }) => custodian === thumbprint)?.name;
  const fingerprint = groupFingerprint(Buffer.from(thumbprint, 'base64url').toString('hex'));
  return name === undefined ? fingerprint : `${fingerprint}  ${name}`;
}

function parsed(name: string, text: string): SecurityDomainFile {
  try {
    return parseSecurityDomain(text);
  } catch (error) {
    if (error instanceof SecurityDomainError) throw new CeremonyError(`${name}: ${error.message}`, { cause: error });
    throw error;
  }
}
