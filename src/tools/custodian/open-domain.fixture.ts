// A domain opened with certificates and keys as tests have them: in memory.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { thumbprintOf } from './fingerprint.ts';
import { openDomain } from './open-domain.ts';

interface Keys {
  readonly name?: string;
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

export function openWith(document: string, custodians: readonly Keys[]): ReturnType<typeof openDomain> {
  const holders = custodians.map(({ name = 'somebody', certificatePem, privateKeyPem }) => {
    const certificate = new X509Certificate(certificatePem);
    return { name, certificate, thumbprint: thumbprintOf(certificate), privateKey: createPrivateKey(privateKeyPem) };
  });
  return openDomain(document, holders);
}
