// Makes the key by which the module speaks to the outside, and its certificate: once, when it is first needed. A module that
// was provisioned before there were identities gets one as well.
import { createPublicKey, type KeyObject, sign as signWith, X509Certificate } from 'node:crypto';
import { CryptoError } from '../../crypto/protocol/messages.ts';
import { issuedCertificate } from '../../formats/x509-writer.ts';
import { identityContext, identityLayout } from '../attestation-identity.ts';
import { sealBox } from '../sealed-box.ts';
import type { Provisioned } from '../sealed-state.ts';
import { newSerial, type RsaPair } from './rsa-recipient.ts';

/** Sealed, as it is to lie in the module's folder. */
export function sealIdentity(state: Provisioned, { publicKey, privateKey }: RsaPair): Buffer {
  const { leaf, root } = certify(state, spkiOf(publicKey));
  const key = privateKey.export({ format: 'der', type: 'pkcs8' });
  const plaintext = identityLayout.encode({ version: 1, key, leaf, root });
  try {
    return sealBox(state.rootKeys.wrapping, identityContext(state), plaintext);
  } finally {
    key.fill(0);
    plaintext.fill(0);
  }
}

/** Names and times are the instance's own, so that every certificate of one root says the same. */
function certify(state: Provisioned, spki: Buffer): { leaf: Buffer; root: Buffer } {
  const rootKey = state.rootKeys.attestation;
  const rootSpki = spkiOf(createPublicKey(rootKey));
  const issuer = `attestation root ${state.instanceId}`;
  const common = { issuer, notBefore: state.createdAt, issuerPublicKey: rootSpki };
  const issue = (subject: string, publicKey: Buffer, authority: boolean): Buffer => {
    const der = issuedCertificate({ ...common, serial: newSerial(), subject, publicKey, authority }, (toSign) =>
      signWith('sha384', toSign, rootKey),
    );
    if (!new X509Certificate(der).verify(createPublicKey(rootKey))) {
      throw new CryptoError('Internal', 'a certificate did not come out right');
    }
    return der;
  };
  return {
    root: issue(issuer, rootSpki, true),
    leaf: issue(`attestation ${state.instanceId}`, spki, false),
  };
}

function spkiOf(key: KeyObject): Buffer {
  return key.export({ format: 'der', type: 'spki' });
}
