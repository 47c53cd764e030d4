// What of a certificate and those that come with it will keep clients away, now or soon. No reason to refuse a start: clients may
// trust an authority that this machine does not know.
import { X509Certificate } from 'node:crypto';
import { getCACertificates } from 'node:tls';

const SOON_MS = 14 * 86_400_000;
/** RFC 5280 §4.2.1.12. A certificate that says nothing of it is for anything. */
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';
/** More than any chain has. */
const MOST = 10;

/** @param pem the certificate, then those that lead to its authority @param authority PEM of the operator's own */
export function chainDoubts(pem: string, member: string, authority: string | undefined, now: Date): readonly string[] {
  const chain = certificatesIn(pem);
  const own = authority === undefined ? [] : certificatesIn(authority);
  let [at] = chain;
  for (let step = 0; at !== undefined && step < MOST; step += 1) {
    const name = `${member}: ${step === 0 ? 'the certificate' : at.subject.replaceAll('\n', ', ')}`;
    if (at.validToDate.getTime() - now.getTime() < SOON_MS)
      return [`${name} ends at ${at.validToDate.toISOString()}: renew it`];
    if (own.some((each) => issued(each, at))) return [];
    const next = chain.find((each) => each !== at && issued(each, at));
    if (next === undefined || issued(at, at)) {
      if (systemAuthorities().some((each) => issued(each, at))) return [];
      return [
        `${name} is issued by ${at.issuer.replaceAll('\n', ', ')}, which is neither in the file nor tls.authority nor known to this ` +
          'system: put what leads to your authority behind the certificate, and the authority into tls.authority',
      ];
    }
    at = next;
  }
  return [];
}

/** With `clientAuthorities` instances ask the resource manager for a certificate as they ask every client. */
export function clientDoubts(resourceManager: string, clientAuthorities: string | undefined): readonly string[] {
  const [leaf] = certificatesIn(resourceManager);
  if (leaf === undefined || clientAuthorities === undefined) return [];
  const isKnown = certificatesIn(clientAuthorities).some((each) => issued(each, leaf));
  if (isKnown && (leaf.keyUsage ?? [CLIENT_AUTH]).includes(CLIENT_AUTH)) return [];
  return [
    `tls.resourceManager.certificate is ${isKnown ? 'not for clients' : 'of none of tls.clientAuthorities'}, so that keys through the ` +
      'resource manager are answered with 503: have one of them issue it with extendedKeyUsage serverAuth, clientAuth',
  ];
}

function issued(by: X509Certificate, certificate: X509Certificate | undefined): boolean {
  return certificate?.checkIssued(by) === true && certificate.verify(by.publicKey);
}

function certificatesIn(pem: string): readonly X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return blocks.flatMap((block) => {
    try {
      return [new X509Certificate(block)];
    } catch {
      return []; // what does not read leads nowhere, and that is said
    }
  });
}

function systemAuthorities(): readonly X509Certificate[] {
  return [...getCACertificates('default'), ...getCACertificates('system')].flatMap(certificatesIn);
}
