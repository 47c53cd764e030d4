// Closes a ceremony with its report: the HSM's domain key states it, and the two forms of it are written to the folder.
// Cut off anywhere, it is made again from the same lines of the journal, and the HSM answers the same.
import { domainFingerprint, groupFingerprint } from '../../../formats/domain-identity.ts';
import { type Ceremony, factsOf } from '../ceremony.ts';
import { CeremonyError } from '../ceremony-error.ts';
import { kinds } from '../kinds.ts';
import { type Asking, REPORT_STEP, VERSION } from '../step.ts';
import { htmlOf } from './html.ts';
import { joinReport, type Signature, verifyReport } from './signed-report.ts';
import { reportOf, requireComplete } from './write.ts';

/** As it would be signed now; nothing is changed. */
export function draftOf(ceremony: Ceremony): string {
  const { id, settings } = ceremony;
  const closing = ceremony.entries.findIndex(({ step }) => step === REPORT_STEP);
  const entries = closing < 0 ? ceremony.entries : ceremony.entries.slice(0, closing);
  const head = closing < 0 ? ceremony.head : (ceremony.entries[closing]?.previous ?? '');
  return withhold(ceremony, reportOf({ id, settings, entries, head }));
}

/** What is still to be read back is not shown by a draft either. A report that is signed has every step over. */
function withhold(ceremony: Ceremony, text: string): string {
  return kinds[ceremony.settings.kind]
    .filter(({ id }) => !ceremony.isOver(id))
    .flatMap((step) => step.withheld?.(ceremony) ?? [])
    .flatMap((fingerprint) => [fingerprint, groupFingerprint(fingerprint)])
    .reduce((shown, secret) => shown.replaceAll(secret, '(not shown before it was read back)'), text);
}

/** @returns names of the files @throws CeremonyError while something is still to do; whatever the service refuses with */
export async function makeReport(ceremony: Ceremony, service: () => Asking): Promise<readonly string[]> {
  requireComplete(ceremony);
  if (ceremony.of(REPORT_STEP, 'begun').length === 0) {
    ceremony.add({ step: REPORT_STEP, what: 'begun', text: 'the ceremony is closed; its report is written' });
  }
  const text = draftOf(ceremony);
  const signed = ceremony.of(REPORT_STEP, 'reported').at(0)?.facts;
  const signature =
    signed === undefined
      ? await sign(ceremony, text, service())
      : { note: signed['note'] ?? '', domainKey: signed['domainKey'] ?? '' };
  const markdown = joinReport(text, signature);
  verifyReport(markdown);
  const html = htmlOf(markdown);
  await ceremony.keep('report.md', 'output', markdown);
  await ceremony.keep('report.html', 'output', html);
  if (signed === undefined) {
    ceremony.add({
      step: REPORT_STEP,
      what: 'reported',
      text: `report signed, SHA-256 ${factsOf(markdown).sha256}`,
      facts: { ...signature },
    });
  }
  return ['report.md', 'report.html'];
}

async function sign(ceremony: Ceremony, report: string, service: Asking): Promise<Signature> {
  const { note, domainKey } = (await service.ask('POST', `/securitydomain/ceremonies?${VERSION}`, {
    id: ceremony.id,
    kind: ceremony.settings.kind,
    domain: ceremony.requireFact('domain'),
    report,
  })) as Readonly<Record<string, unknown>>;
  if (typeof note !== 'string' || typeof domainKey !== 'string') {
    throw new CeremonyError('the HSM answered without a statement');
  }
  if (domainFingerprint(Buffer.from(domainKey, 'base64url')) !== ceremony.requireFact('domain.fingerprint')) {
    throw new CeremonyError('the statement is signed by another domain than the one of this ceremony');
  }
  return { note, domainKey };
}
