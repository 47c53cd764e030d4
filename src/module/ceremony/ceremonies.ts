// The ceremonies of the security domain: taking it, taking one over, replacing its custodians. Each works under the lock on
// the newest state, since another worker's ceremony may have been there before, and each ends in one atomic write.
import { CryptoError, type ReplyOf, type RequestOf } from '../../crypto/protocol/messages.ts';
import type { Provisioned, Settled } from '../sealed-state.ts';
import type { CeremonyModule } from './ceremony-module.ts';
import { judgeQuorum, judgeUpload } from './judge-upload.ts';
import { joinDomain, makeDomainKeys } from './make-root-keys.ts';
import { makeRsaPair } from './rsa-recipient.ts';
import { readCustodians, writeSecurityDomain } from './security-domain.ts';
import { keepTransferKey, loadTransferKey, removeTransferKey } from './transfer-key.ts';

type Outcome = ReplyOf<'replaceCustodians'>;

/**
 * The first one settles the custodians, and makes the keys of the domain: no state of before holds any of them. Later ones
 * split the same keys over the same custodians.
 */
export function download(module: CeremonyModule, certificates: unknown, required: number): string {
  const custodians = readCustodians(certificates, required);
  const settled = settledAs(
    required,
    custodians.map(({ thumbprint }) => thumbprint),
  );
  return module.locked((state) => {
    requireSettled(state, settled);
    if (state.state === 'active') return writeSecurityDomain(state, custodians, required, module.now);
    using made = makeDomainKeys();
    using rootKeys = joinDomain(state.rootKeys, made.encoded);
    const active = { ...state, state: 'active', settled, rootKeys } as const;
    const document = writeSecurityDomain(active, custodians, required, module.now);
    module.replace(active);
    return document;
  });
}

/** The transfer certificate, DER. */
export async function transferKey(module: CeremonyModule): Promise<Buffer> {
  for (;;) {
    const present = module.locked((state) => loadTransferKey(module.folder, state));
    if (present !== undefined) return present.certificate;
    // Takes a while: not under the lock.
    const pair = await makeRsaPair();
    module.locked((state) => {
      if (loadTransferKey(module.folder, state) === undefined) keepTransferKey(module.folder, state, pair, module.now);
    });
  }
}

/** Joins the security domain that was uploaded: its keys beside the instance's own, its custodians, active. */
export function upload(module: CeremonyModule, document: string): Outcome {
  return module.locked((state) => {
    if (state.state === 'active') throw new CryptoError('WrongState', 'the module is active');
    using gathered = judgeUpload(document, loadTransferKey(module.folder, state));
    const { instance, keys } = gathered.opened;
    const { required, custodians: thumbprints } = instance;
    using rootKeys = joinDomain(state.rootKeys, keys);
    module.replace({ ...state, state: 'active', settled: settledAs(required, thumbprints), rootKeys });
    removeTransferKey(module.folder);
    return { required, thumbprints, quorum: gathered.quorum };
  });
}

/** From now on the domain is split over the successors, as a quorum of the present custodians agreed. */
export function replaceCustodians(module: CeremonyModule, wanted: RequestOf<'replaceCustodians'>): Outcome {
  const { required, domain, packets } = wanted;
  const thumbprints = readCustodians(wanted.certificates, required).map(({ thumbprint }) => thumbprint);
  const successors = settledAs(required, thumbprints);
  return module.locked((state) => {
    const present = state.settled;
    if (present === undefined) throw new CryptoError('OtherCustodians', 'the module does not know its custodians');
    const transfer = loadTransferKey(module.folder, state);
    using gathered = judgeQuorum({ domain, packets }, { purpose: 'reshare', successors }, transfer);
    const { instance } = gathered.opened;
    if (instance.domainKey !== state.rootKeys.domainKey.toString('base64url')) {
      throw new CryptoError('DomainRefused', 'the file is of another security domain than this instance');
    }
    const isPresent =
      instance.required === present.required && instance.custodians.toSorted().join() === present.thumbprints.join();
    // Their shares open the old file for ever; they must not decide for ever.
    if (!isPresent) {
      throw new CryptoError('DomainRefused', 'the file is of custodians, or a quorum, that were replaced since');
    }
    module.replace({ ...state, settled: successors });
    removeTransferKey(module.folder);
    return { required, thumbprints, quorum: gathered.quorum };
  });
}

function settledAs(required: number, thumbprints: readonly string[]): Settled {
  return { required, thumbprints: thumbprints.toSorted() };
}

/** @throws CryptoError OtherCustodians */
function requireSettled({ state, settled }: Provisioned, asked: Settled): void {
  // Activated by a version that remembered nobody: then nobody can be told from a stranger.
  if (settled === undefined && state !== 'active') return;
  const isSame = settled?.required === asked.required && settled.thumbprints.join() === asked.thumbprints.join();
  if (isSame) return;
  throw new CryptoError('OtherCustodians', 'the root keys were split over other custodians, or with another quorum');
}
