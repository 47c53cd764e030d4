// The ceremonies of the security domain: taking it, taking one over, replacing its custodians. Each reads the files anew
// under the lock, since another worker's partition may have been there before, and each ends in one atomic write; what is
// written before it counts for nothing until then.
import type { KeyObject } from 'node:crypto';
import { CryptoError } from '../protocol/messages.ts';
import { withCeremonyLock } from './ceremony-lock.ts';
import { judgeQuorum, judgeUpload } from './judge-upload.ts';
import { PinnedCustodians, type Settled } from './pinned-custodians.ts';
import { readCustodians, writeSecurityDomain } from './security-domain.ts';
import type { Provisioned } from './state-file.ts';
import { TransferKeys } from './transfer-key.ts';

/** What the ceremonies need of the module they run in. */
export interface CeremonyPlace {
  readonly folder: string;
  /** As it was last read. @throws CryptoError WrongState while there are no root keys */
  readonly provisioned: Provisioned;
  /** Unix seconds. */
  readonly now: number;
  /** What opened the state, if that is the key file of older versions. */
  readonly oldKey: KeyObject | undefined;
  reload(): void;
  /** Writes the state and reads it again; durable when it returns. */
  replace(state: Provisioned): void;
}

/** What a ceremony says of the people in it, by their thumbprints. */
export interface Outcome {
  readonly required: number;
  /** The custodians from now on: in the order of their shares, or of their certificates. */
  readonly thumbprints: readonly string[];
  /** Who brought the shares. */
  readonly quorum: readonly string[];
}

export class Ceremonies {
  readonly #place: CeremonyPlace;
  readonly custodians: PinnedCustodians;
  readonly #transferKeys: TransferKeys;

  constructor(place: CeremonyPlace) {
    this.#place = place;
    this.custodians = new PinnedCustodians(place.folder, () => place.oldKey);
    this.#transferKeys = new TransferKeys(place.folder);
  }

  settled(): Settled {
    return this.custodians.settled(this.#place.provisioned) ?? { required: 0, thumbprints: [] };
  }

  download(certificates: unknown, required: number): string {
    const custodians = readCustodians(certificates, required);
    const thumbprints = custodians.map(({ thumbprint }) => thumbprint);
    return this.#locked((state) => {
      this.custodians.settle(state, thumbprints, required);
      const document = writeSecurityDomain(state, custodians, required, this.#place.now);
      if (state.state !== 'active') this.#place.replace({ ...state, state: 'active' });
      return document;
    });
  }

  /** The transfer certificate, DER. */
  async transferKey(): Promise<Buffer> {
    for (;;) {
      const state = this.#place.provisioned;
      const settled = this.custodians.settled(state);
      const present = this.#transferKeys.load(state, settled);
      if (present !== undefined) return present.certificate;
      // Takes a while: not under the lock.
      const made = await this.#transferKeys.make(state, settled, this.#place.now);
      this.#locked((now) => {
        if (this.#transferKeys.load(now, this.custodians.settled(now)) === undefined) this.#transferKeys.keep(made);
      });
    }
  }

  /** Joins the security domain that was uploaded: its keys beside the instance's own, its custodians, active. */
  upload(document: string): Outcome {
    return this.#locked((state) => {
      if (state.state === 'active') throw new CryptoError('WrongState', 'the module is active');
      const transfer = this.#transferKeys.load(state, this.custodians.settled(state));
      using gathered = judgeUpload(document, transfer);
      const { instance, keys } = gathered.opened;
      const settled = { required: instance.required, thumbprints: instance.custodians };
      using rootKeys = state.rootKeys.joining(keys);
      // Counts for nothing before the state says that the instance is in this domain.
      this.custodians.replace(state, rootKeys.domainKey, settled);
      this.#place.replace({ ...state, state: 'active', rootKeys });
      this.#transferKeys.remove();
      return { ...settled, quorum: gathered.quorum };
    });
  }

  /** From now on the domain is split over the successors, as a quorum of the present custodians agreed. */
  replaceCustodians(certificates: unknown, required: number, domain: string, packets: unknown): Outcome {
    const thumbprints = readCustodians(certificates, required).map(({ thumbprint }) => thumbprint);
    const successors = { required, thumbprints: thumbprints.toSorted() };
    return this.#locked((state) => {
      const present = this.custodians.settled(state);
      if (present === undefined) throw new CryptoError('OtherCustodians', 'the module does not know its custodians');
      const transfer = this.#transferKeys.load(state, present);
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
      this.custodians.replace(state, state.rootKeys.domainKey, successors);
      this.#transferKeys.remove();
      return { required, thumbprints, quorum: gathered.quorum };
    });
  }

  #locked<T>(work: (state: Provisioned) => T): T {
    return withCeremonyLock(this.#place.folder, () => {
      this.#place.reload();
      return work(this.#place.provisioned);
    });
  }
}
