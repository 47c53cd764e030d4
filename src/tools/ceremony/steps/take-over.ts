// Steps in which the HSM judges a quorum: it takes the domain over, or settles new custodians. Both are done once. Who was
// cut off before the answer came learns from the register that it was done.

import type { Ceremony } from '../ceremony.ts';
import { CeremonyError } from '../ceremony-error.ts';
import { type Asking, type Given, type Step, VERSION } from '../step.ts';
import { PRESENTED_FILE } from './domain-file.ts';
import { certificatesOf } from './download.ts';
import { holdersOf, packetsIn, successorsOf } from './packets.ts';
import { namesIn, type Register, readRegister, readRegisterIfActive } from './register.ts';

export const upload: Step = {
  id: 'upload',
  title: 'Have the HSM take the domain over',
  needs: 'nothing',
  instruction: () => 'The HSM is given the domain file and the packets, and judges both.',
  async run(ceremony, { pause }, service) {
    const isCutOff = ceremony.of('upload', 'begun').length > 0;
    const known = isCutOff ? await readRegisterIfActive(service) : undefined;
    if (!isTakenOver(ceremony, known)) {
      ceremony.add({ step: 'upload', what: 'begun', text: 'the HSM was given the domain and the packets' });
      const value = JSON.stringify({
        domain: ceremony.read(PRESENTED_FILE).toString('utf8'),
        packets: packetsIn(ceremony),
      });
      await settled(await service.ask('POST', `/securitydomain/upload?${VERSION}`, { value }), pause, service);
    }
    return finish(ceremony, 'upload', service, 'the HSM has taken the domain over');
  },
};

export const replace: Step = {
  id: 'replace',
  title: 'Have the HSM settle its new custodians',
  needs: 'nothing',
  instruction: () => "The HSM is given the quorum's packets and the successors' certificates, and judges both.",
  async run(ceremony, _given, service) {
    const { required, thumbprints } = successorsOf(ceremony);
    const isCutOff = ceremony.of('replace', 'begun').length > 0;
    const known = isCutOff ? await readRegister(service) : undefined;
    const isDone =
      known?.holders
        .map(({ custodian }) => custodian)
        .toSorted()
        .join() === thumbprints.join();
    if (!isDone) {
      ceremony.add({ step: 'replace', what: 'begun', text: 'the HSM was given the packets and the successors' });
      await service.ask('POST', `/securitydomain/resharing?${VERSION}`, {
        certificates: certificatesOf(ceremony),
        required,
        domain: ceremony.read(PRESENTED_FILE).toString('utf8'),
        packets: packetsIn(ceremony),
      });
    }
    return finish(
      ceremony,
      'replace',
      service,
      `the HSM has settled ${thumbprints.length} custodians, ${required} needed`,
    );
  },
};

/** A request that was cut off can leave the custodians known and the file not. */
function isTakenOver(ceremony: Ceremony, known: Register | undefined): boolean {
  if (known === undefined) return false;
  if (known.domain !== null) return known.domain === ceremony.requireFact('domain');
  const present = known.holders.map(({ custodian }) => custodian).toSorted();
  return present.join() === [...holdersOf(ceremony)].toSorted().join();
}

async function finish(ceremony: Ceremony, step: string, service: Asking, text: string): Promise<string> {
  const register = await readRegister(service);
  const facts = { ...namesIn(register), 'domain.fingerprint': register.domainFingerprint };
  ceremony.add({ step, what: 'done', text, facts });
  return text;
}

async function settled(first: unknown, pause: Given['pause'], service: Asking): Promise<void> {
  let answer = first;
  for (;;) {
    const { status, status_details: details } = (answer ?? {}) as Readonly<Record<string, unknown>>;
    if (status === 'Success') return;
    if (status !== 'InProgress') throw new CeremonyError(`the upload failed: ${String(details ?? status)}`);
    await pause();
    answer = await service.ask('GET', `/securitydomain/upload/pending?${VERSION}`);
  }
}
