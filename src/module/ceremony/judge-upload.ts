// Judges what is uploaded to recover a security domain, and opens it. Nothing of it is believed before the keys inside
// were seen to have signed it.
import { createPrivateKey } from 'node:crypto';
import { CryptoError } from '../../crypto/protocol/messages.ts';
import { type OpenedDomain, openEntries } from '../../formats/domain-entries.ts';
import { decodeDomainKeys } from '../../formats/domain-keys.ts';
import { parseUpload, type RestoreBlob } from '../../formats/domain-upload.ts';
import { FieldsError } from '../../formats/fields.ts';
import { JweError } from '../../formats/jwe.ts';
import { decryptWithRsa } from '../../formats/jwe-rsa.ts';
import { orThrow } from '../../formats/refusal.ts';
import { MASTER_BYTES } from '../../formats/security-domain.ts';
import { ShapeError } from '../../formats/shape.ts';
import { type GatheredDomain, openWithPackets, type Purpose, type Quorum } from './gather-quorum.ts';
import type { TransferKey } from './transfer-key.ts';

/** @throws CryptoError DomainRefused, whose text says what is wrong and with whose packet */
export function judgeUpload(document: string, transfer: TransferKey | undefined): GatheredDomain {
  return refusing(() => {
    const upload = parseUpload(document);
    const key = needed(transfer);
    const gathered =
      upload.form === 'packets' ? openWithPackets(upload, { purpose: 'recover' }, key) : ofBlob(upload, key);
    return checked(gathered);
  });
}

/** The same for the replacement of custodians. @throws CryptoError DomainRefused */
export function judgeQuorum(quorum: Quorum, wanted: Purpose, transfer: TransferKey | undefined): GatheredDomain {
  return refusing(() => checked(openWithPackets(quorum, wanted, needed(transfer))));
}

function needed(transfer: TransferKey | undefined): TransferKey {
  if (transfer !== undefined) return transfer;
  throw new ShapeError('there is no transfer key at present: fetch one, and have this made again for it');
}

function ofBlob({ data, wrapped, recipient }: RestoreBlob, transfer: TransferKey): GatheredDomain {
  if (recipient !== transfer.thumbprint) {
    throw new ShapeError(
      'WrappedKey: is encrypted to another transfer key: fetch the present one and make the blob again',
    );
  }
  const master = orThrow(
    () => decryptWithRsa(transfer.privateKey, wrapped),
    (cause) => new ShapeError('WrappedKey.enc_key: does not open with the transfer key', { cause }),
    JweError,
  );
  try {
    if (master.length !== MASTER_BYTES) throw new ShapeError('WrappedKey.enc_key: holds no master key');
    const opened = openEntries(data, master);
    return { opened, quorum: [], [Symbol.dispose]: () => opened[Symbol.dispose]() };
  } finally {
    master.fill(0);
  }
}

/** Signed by its own key is what a stranger's domain is too, so what it holds must be usable. */
function checked(gathered: GatheredDomain): GatheredDomain {
  try {
    checkAttestation(gathered.opened);
    return gathered;
  } catch (error) {
    gathered[Symbol.dispose]();
    throw error;
  }
}

function checkAttestation({ keys }: OpenedDomain): void {
  const der = Buffer.from(decodeDomainKeys(keys).attestation);
  let curve: string | undefined;
  try {
    curve = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }).asymmetricKeyDetails?.namedCurve;
  } catch (cause) {
    throw new ShapeError('the root of attestations inside is no key', { cause });
  } finally {
    der.fill(0);
  }
  if (curve !== 'secp384r1') throw new ShapeError('the root of attestations inside is not of P-384');
}

function refusing<T>(judge: () => T): T {
  const refusal = (cause: Error): CryptoError => new CryptoError('DomainRefused', cause.message, { cause });
  return orThrow(judge, refusal, ShapeError, FieldsError);
}
